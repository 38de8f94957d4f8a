/*
 * helper_targets.h - mode "matched", helper's side: addresses that matching names have led to, put into the
 *                    firewall's set when the worker asks, and taken out when their time is over.
 *
 * Requests that arrive together go into the firewall in one transaction; they are answered after it. Nothing
 * that is never intercepted gets in, whatever the worker asks for. What is here outlives reloads and workers, and
 * is there again when the rules have been gone meanwhile.
 *
 * Owner:   part of struct helper_anchor. anchor is borrowed and outlives it.
 * Units:   seconds on the default loop's clock.
 * Bounds:  max addresses; the one that was asked for longest ago goes first.
 */
#ifndef PFI_HELPER_TARGETS_H
#define PFI_HELPER_TARGETS_H

#include <ev.h>

#include "anchor.h"
#include "ipc.h"

#define TARGETS_ASKED_MAX 64
#define TARGETS_KEEP_MAX  604800        /* longest time to keep one, as RFC 8767 section 4 does */

struct helper_targets {
	struct anchor      *anchor;
	size_t              max;
	bool                active;     /* the rules in force have the set */
	struct network_set  skip;       /* never intercepted by the rules in force */
	struct helper_target *known;
	struct ipc         *ipc;        /* who asked; NULL: nobody is told */
	struct ipc_msg      asked[TARGETS_ASKED_MAX];
	size_t              nasked;
	struct anchor_target gone[TARGETS_ASKED_MAX * IPC_ADDRS];       /* had to make room */
	size_t              ngone;
	ev_prepare          flush;
	ev_timer            expire;
};

void helper_targets_init(struct helper_targets *, struct anchor *);

/* IPC_TARGETS of ipc, answered in the next round of the loop. */
void helper_targets_serve(struct helper_targets *, struct ipc *, const struct ipc_msg *);
/* The worker is gone: nobody is answered. */
void helper_targets_lost(struct helper_targets *);

/* Before rules are loaded: what they never intercept (taken over); that leaves the set. */
void helper_targets_skip(struct helper_targets *, struct network_set *);
/* Rules have been loaded that have the set or not. keep: what is known counts again later. */
void helper_targets_loaded(struct helper_targets *, bool active, bool keep);
void helper_targets_free(struct helper_targets *);

#endif
