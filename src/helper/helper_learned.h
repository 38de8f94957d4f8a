/*
 * helper_learned.h - mode "matched", the helper's side: addresses that matching names have led to. They enter the
 *                    firewall's set when the worker asks, and stay, because programs
 *                    keep addresses longer than their TTL.
 *
 * The list trusts nothing that the worker says: a destination that is never intercepted does not get in. It outlives
 * reloads and workers, and the set is filled from it again after the rules were gone. An address that the firewall
 * refused stays marked as missing: each later request for it and each tick (5 s) tries again; likewise one that the
 * firewall did not remove.
 *
 * Owner:   part of struct helper_anchor. anchor is borrowed, and set before the first call but init.
 * Units:   seconds on the default loop's clock.
 * Errors:  those of anchor_learn(), answered to the worker; and logged where no answer is awaited.
 * Bounds:  max addresses; the one that was asked for longest ago goes first.
 */
#pragma once

#include <ev.h>

#include "kernel/anchor.h"
#include "process/ipc.h"

struct helper_learned {
	struct anchor       *anchor;
	size_t               max;
	bool                 active;    /* the loaded rules have the set */
	bool                 failing;   /* the last addition failed (logged) */
	struct network_set   skip;      /* destinations that the loaded rules never intercept */
	struct learned_addr *known;
	ev_timer             tick;
};

void helper_learned_init(struct helper_learned *);

/* Serves an IPC_LEARNED request; answers it on ipc at once. */
void helper_learned_serve(struct helper_learned *, struct ipc *, const struct ipc_msg *);

/* To be called before rules are loaded: takes over the set of destinations that they never intercept, and removes those
 * addresses. */
void helper_learned_skip(struct helper_learned *, struct network_set *);

/* To be called after rules were loaded. active: they have the set, which gets all addresses. keep: the list is kept
 * for rules that have the set again. */
void helper_learned_loaded(struct helper_learned *, bool active, bool keep);
void helper_learned_free(struct helper_learned *);
