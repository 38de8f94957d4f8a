/*
 * account_internal.h - the inside of the account, for this room and for the fixtures of unit tests.
 */
#ifndef PFI_ACCOUNT_INTERNAL_H
#define PFI_ACCOUNT_INTERNAL_H

#include "worker/record/account.h"
#include "worker/record/flow_log.h"

struct tally_entry;

struct account {
	uint64_t counts[COUNTERS];
	uint64_t next_id;
	double   started;
	struct flow_log log;
	TAILQ_HEAD(, flow_record) live;         /* in the order of their ids */
	struct flow_record *found;              /* by account_next(), which continues there */
	struct { const char *proto; union addr dst; double began; } recent[ACCOUNT_RECENT];
	size_t   nrecent;
	struct tally_entry *tallies[TALLY_KINDS];
	account_watch_cb   *watch;              /* NULL: nobody */
	void    *watch_arg;
};

#endif
