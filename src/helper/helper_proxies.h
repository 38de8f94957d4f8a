/*
 * helper_proxies.h - looks up the addresses of proxies by name: at the start, at a reload, and when the worker asks.
 *
 * Owner:   one in the helper; helper_proxies_end() ends the lookups under way. The configuration is borrowed until the
 *          next one is set.
 * Errors:  a name without an address is logged; known() is called without addresses.
 */
#pragma once

#include "conf/conf.h"

struct ev_loop;

/* Called from the loop. naddrs 0: the proxy keeps the addresses that it had. */
typedef void helper_proxies_cb(void *arg, size_t index, const union addr *addrs, size_t naddrs);

struct helper_proxies {
	struct ev_loop    *loop;
	uid_t              uid;         /* the user of the process that asks */
	gid_t              gid;
	helper_proxies_cb *known;
	void              *arg;
	const struct conf *conf;
	struct helper_lookup *lookups;          /* one for each of conf->proxies */
};

/* Looks up all proxies of a configuration; ends the lookups for the one before. */
void helper_proxies_set_conf(struct helper_proxies *, const struct conf *);
/* Looks up one proxy again, unless a lookup for it is under way. */
void helper_proxies_resolve(struct helper_proxies *, size_t index);
void helper_proxies_end(struct helper_proxies *);
