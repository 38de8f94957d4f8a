/*
 * helper_anchor.h - decides which rules are loaded at each moment of the helper's life, keeps the guard's order up to
 *                   date, and looks up the names of proxies, whose addresses the rules leave out.
 *
 * Owner:   one in the helper. conf is borrowed until the next helper_anchor_set_conf().
 * Errors:  0 or an errno value, logged; likewise a name without an address.
 */
#pragma once

#include <ev.h>

#include "helper/guard.h"
#include "helper/helper_learned.h"
#include "helper/helper_listen.h"
#include "kernel/anchor.h"

struct helper_anchor_proxy {
	struct helper_anchor *all;
	struct resolve       *lookup;   /* under way; or NULL */
	union addr            addrs[IPC_ADDRS];
	size_t                naddrs;
};

/* Called from the loop: the lookup of a proxy's name has ended. */
typedef void helper_anchor_found(void *arg, size_t index);

struct helper_anchor {
	struct anchor              *anchor;
	const struct conf          *conf;
	uid_t                       uid;                /* the worker's user, who also asks the resolver */
	gid_t                       gid;
	helper_anchor_found        *found;
	void                       *arg;
	struct helper_anchor_proxy *proxies;            /* one for each of conf->proxies */
	union addr                  listeners[HELPER_LISTENERS];
	size_t                      nlisteners;
	enum anchor_state           state;              /* of the loaded rules */
	char                       *loaded;             /* the loaded rules as text */
	uint64_t                    counted;            /* flows that earlier rules did not intercept */
	struct helper_learned       learned;
	struct guard                guard;
	ev_child                    look;               /* the child that checks the rules */
	bool                        paused;
};

/* Starts the guard, then opens and prepares the anchor. */
int helper_anchor_start(struct helper_anchor *, const struct conf *, const struct role *, helper_anchor_found *,
    void *arg);

/* Takes a configuration over in place of the one before, which must still exist, and looks up its proxies. Loads no
 * rules, except the old ones again if the new anchor fails. */
int helper_anchor_set_conf(struct helper_anchor *, const struct conf *);
void helper_anchor_set_listeners(struct helper_anchor *, const struct helper_listeners *);

/* Looks up a proxy again, unless a lookup is under way, and loads the rules again if that changes them. */
void   helper_anchor_resolve(struct helper_anchor *, size_t index);
/* The addresses of a proxy, and their count. */
size_t helper_anchor_proxy(const struct helper_anchor *, size_t index, union addr out[IPC_ADDRS]);

/* The worker is ready: loads the rules that redirect, or empty ones if global_enabled is false or it is paused. */
int helper_anchor_load(struct helper_anchor *);
/* The flows that the firewall did not intercept since the start. */
uint64_t helper_anchor_count(const struct helper_anchor *);
/* Pauses interception, or resumes it. On an error nothing has changed. */
int helper_anchor_pause(struct helper_anchor *, bool pause);
/* Addresses of this host or of a proxy may have changed: loads the rules again if they differ. */
void helper_anchor_refresh(struct helper_anchor *);
/* To be called every few seconds: loads the rules again if another program removed or disabled them. */
void helper_anchor_check(struct helper_anchor *);
/* The worker died: loads empty or blocking rules, by intercept.on_failure. */
void helper_anchor_failure(struct helper_anchor *);
/* The daemon is about to end: new traffic goes direct, flows in progress go on. */
void helper_anchor_drain(struct helper_anchor *);
/* Removes the anchor, ends the guard, and frees everything. */
void helper_anchor_remove(struct helper_anchor *);
