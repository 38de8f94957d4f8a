/*
 * helper_learned.h - mode "matched", helper's side: addresses that matching names have led to, put into the
 *                    firewall's set when the worker asks, and taken out when their time is over.
 *
 * Nothing that is never intercepted gets in, whatever the worker asks for. What is here outlives reloads and
 * workers, and is there again when the rules have been gone meanwhile.
 *
 * Owner:   part of struct helper_anchor. anchor is borrowed and outlives it.
 * Units:   seconds on the default loop's clock.
 * Bounds:  max addresses; the one that was asked for longest ago goes first.
 */
#ifndef PFI_HELPER_LEARNED_H
#define PFI_HELPER_LEARNED_H

#include <ev.h>

#include "kernel/anchor.h"
#include "process/ipc.h"

#define LEARNED_KEEP_MAX  604800        /* longest time to keep one, as RFC 8767 section 4 does */
/* One that is wanted so little longer than the firewall keeps it is left at that. Less than NAMES_GRACE_S, by
 * which it is kept longer than the answer says. */
#define LEARNED_SLACK_S   150.0

struct helper_learned {
	struct anchor        *anchor;
	size_t                max;
	bool                  active;   /* the rules in force have the set */
	struct network_set    skip;     /* never intercepted by the rules in force */
	struct learned_addr *known;
	ev_timer              expire;
};

void helper_learned_init(struct helper_learned *, struct anchor *);

/* IPC_LEARNED of ipc, answered at once. */
void helper_learned_serve(struct helper_learned *, struct ipc *, const struct ipc_msg *);

/* Before rules are loaded: what they never intercept (taken over); that leaves the set. */
void helper_learned_skip(struct helper_learned *, struct network_set *);
/* Rules have been loaded that have the set or not. keep: what is known counts again later. */
void helper_learned_loaded(struct helper_learned *, bool active, bool keep);
void helper_learned_free(struct helper_learned *);

#endif
