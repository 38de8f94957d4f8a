/*
 * overheard.h - what the capture monitor tells the worker: names by DNS answers that did not pass through us, and flows
 *               that did not either.
 *
 * A flow that was seen is looked at again some seconds later: one that came to us, or that is the daemon's own, is
 * forgotten. The others have bypassed us: as they should ("direct"), or although they are to be intercepted and a rule
 * says proxy or block ("missed"), which is logged. Rules with a user do not count, for nobody is asked.
 *
 * Owner:   the worker. Each message is checked as if a stranger had sent it.
 * Bounds:  OVERHEARD_MAX pairs of client and destination, the oldest goes first.
 */
#ifndef PFI_OVERHEARD_H
#define PFI_OVERHEARD_H

#include <uthash.h>

#include "worker/name/learned.h"
#include "worker/name/names.h"
#include "worker/record/account.h"
#include "worker/record/worker_env.h"
#include "worker/upstream/policy.h"

#define OVERHEARD_MAX 1024

struct overheard;

/* All flows from one client to one destination that have bypassed us. */
struct bypass {
	UT_hash_handle hh;              /* the oldest first */
	struct bypass_key { struct addr_key client, dst; int proto; } key;
	uint64_t       id;              /* rising */
	union addr     source, dst;     /* of the last one */
	bool           own;             /* ... it comes from this host */
	double         last;            /* when it was seen; of those that wait, the first */
	uint64_t       flows, waiting;  /* waiting: not yet known to have bypassed us */
	bool           missed;
	unsigned       rule;            /* what the rules say; 0: default_action */
	enum action    action;
	char           host[HOST_MAX + 1];      /* "": unknown */
};

struct overheard *overheard_new(const struct worker_env *);
void overheard_free(struct overheard *);

/* Listens to a new monitor, in place of the one before. */
void overheard_listen(struct overheard *, int fd);

/* The one with the smallest id above id; NULL: none. */
const struct bypass *overheard_next(const struct overheard *, uint64_t id);

#endif
