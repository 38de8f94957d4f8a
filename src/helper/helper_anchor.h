/*
 * helper_anchor.h - which rules are loaded at which moment of the helper's life, and what the guard
 *                   is told to do should the helper die.
 *
 * Owner:   one in the helper. conf and listeners are borrowed and outlive the calls.
 */
#ifndef PFI_HELPER_ANCHOR_H
#define PFI_HELPER_ANCHOR_H

#include <ev.h>

#include "helper/guard.h"
#include "helper/helper_learned.h"
#include "helper/helper_listen.h"
#include "kernel/anchor.h"

struct helper_anchor_proxy {
	union addr addrs[IPC_ADDRS];
	size_t     naddrs;
};

struct helper_anchor {
	struct anchor              *anchor;
	const struct conf          *conf;
	uid_t                       uid;
	struct helper_anchor_proxy *proxies;            /* one for each of conf->proxies */
	union addr                  listeners[HELPER_LISTENERS];
	size_t                      nlisteners;
	enum anchor_state           state;              /* what is loaded */
	char                       *loaded;             /* ... as text */
	struct helper_learned       learned;
	struct guard                guard;
	ev_child                    look;               /* the process that looks after the rules */
	bool                        paused;
};

/* Starts the guard, opens the firewall and prepares it. 0, or an errno value that was logged. */
int helper_anchor_start(struct helper_anchor *, const struct conf *, bool to_stderr);

/* A configuration takes the place of the one before, which must still be there. Loads nothing yet. */
int helper_anchor_set_conf(struct helper_anchor *, const struct conf *, uid_t);
void helper_anchor_set_listeners(struct helper_anchor *, const struct helper_listeners *);

/* What a proxy's name means. Loads the rules again when they change by it. */
void   helper_anchor_set_proxy(struct helper_anchor *, size_t index, const union addr *, size_t n);
size_t helper_anchor_proxy(const struct helper_anchor *, size_t index, union addr out[IPC_ADDRS]);

/* The worker is ready: redirect (or nothing, when global_enabled is false). 0 or errno, logged. */
int helper_anchor_load(struct helper_anchor *);
/* Intercepts nothing, until it is called again with false. 0 or errno, logged, and all is as before. */
int helper_anchor_pause(struct helper_anchor *, bool pause);
/* The host's own addresses, or a proxy's, may have changed: loads the rules again if they differ. */
void helper_anchor_refresh(struct helper_anchor *);
/* To be called now and then: loads the rules again when somebody else has removed or disabled them. */
void helper_anchor_check(struct helper_anchor *);
/* The worker died: remove or block, by intercept.on_failure. */
void helper_anchor_failure(struct helper_anchor *);
/* The daemon ends: new traffic goes direct, flows under way go on. */
void helper_anchor_drain(struct helper_anchor *);
/* The end: nothing of ours is left, and the guard goes. */
void helper_anchor_remove(struct helper_anchor *);

#endif
