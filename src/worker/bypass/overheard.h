/*
 * overheard.h - messages of the capture monitor: names in DNS answers, and flows, that did not pass through the worker.
 *
 * A flow is judged some seconds after it was seen. Flows that have arrived here by then, and the daemon's own, are
 * forgotten. The others have bypassed us. They count as "direct" where that is right, and as "missed" where they should
 * have been intercepted and a rule says proxy or block; that is logged. Rules with a user never match, because the
 * owner is not known.
 *
 * Owner:   the worker. Messages are checked like those of a stranger.
 * Bounds:  OVERHEARD_MAX pairs of client and destination; the oldest pair is dropped first.
 */
#pragma once

#include "base/hash.h"
#include "worker/name/learned.h"
#include "worker/name/names.h"
#include "worker/record/account.h"
#include "worker/record/worker_env.h"
#include "worker/upstream/policy.h"

#define OVERHEARD_MAX 1024

struct overheard;

/* The flows from one client to one destination that have bypassed us. */
struct bypass {
	UT_hash_handle hh;              /* oldest first */
	struct bypass_key { struct addr_key client, dst; int proto; } key;
	uint64_t       id;              /* rising */
	union addr     source, dst;     /* of the last one */
	bool           own;             /* ... it came from this host */
	double         last;            /* when the first waiting flow was seen */
	uint64_t       flows, waiting;  /* waiting: not yet judged */
	bool           missed;
	unsigned       rule;            /* id of the rule that matches; 0: default_action */
	enum action    action;
	char           host[HOST_MAX + 1];      /* "": unknown */
};

struct overheard *overheard_new(const struct worker_env *);
void overheard_free(struct overheard *);

/* Takes fd over, the socket to a new monitor; -1: none. The one before is closed. */
void overheard_listen(struct overheard *, int fd);

/* The entry with the smallest id above this one; NULL: none. */
const struct bypass *overheard_next(const struct overheard *, uint64_t id);
