/*
 * anchor_input.h - the values that anchor.h and its backends exchange, and the sets of destinations that every dialect
 *                  of rules derives from them.
 *
 * Owner:   the caller owns everything that struct anchor_input points to.
 * Errors:  0 or ENOMEM.
 */
#pragma once

#include "base/network_set.h"
#include "conf/conf.h"

#define ANCHOR_LEARN_MAX   2048         /* addresses in one call of anchor_learn() */
#define ANCHOR_CHANGED_MAX 160

/* Names an anchor. Plain bytes, so that it fits into a message to another process of the same build. */
struct anchor_spec {
	enum conf_firewall firewall;
	char               name[CONF_ANCHOR_MAX + 1];
	unsigned char      changed[ANCHOR_CHANGED_MAX]; /* opaque: what the backend changed outside the anchor and has
	                                                 * to put back. All zero: nothing. */
};

enum anchor_state {
	ANCHOR_EMPTY,           /* nothing is intercepted */
	ANCHOR_REDIRECT,        /* traffic is sent to the listeners */
	ANCHOR_BLOCK            /* on_failure "closed": traffic that would be intercepted is refused */
};

struct anchor_input {
	const struct conf    *conf;
	uid_t                 uid;      /* the worker's user, whose own connections are left alone */
	const union addr     *listeners;        /* open TCP listeners; a family without one is not intercepted */
	size_t                nlisteners;
	const union addr     *proxies;          /* addresses of the proxies, with port */
	size_t                nproxies;
	const struct network *local;            /* this host's addresses (used by pf; nft asks the kernel) */
	size_t                nlocal;
	enum anchor_state     state;
	bool                  linklocal;        /* anchor_skip() leaves link-local networks out */
};

/* Adds to the set the destinations that are never intercepted: networks that are never routed, this host's addresses,
 * intercept.exclude and the proxies. Closes the set. */
int anchor_skip(const struct anchor_input *, struct network_set *);

/* Adds to the set the destinations that mode "matched" knows from the configuration: networks in patterns of enabled
 * rules that are not "direct", and dns.fake_ip. Closes the set. */
int anchor_targets(const struct conf *, struct network_set *);
