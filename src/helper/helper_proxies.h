/*
 * helper_proxies.h - looks up what the names of proxies mean, at the start, at a reload, and when the worker asks.
 *
 * Owner:   one in the helper; helper_proxies_end() gives back what is under way. The configuration is borrowed until the
 *          next one is set.
 * Errors:  a name that nobody knows is logged; known() is called with no address.
 */
#ifndef PFI_HELPER_PROXIES_H
#define PFI_HELPER_PROXIES_H

#include "conf/conf.h"

struct ev_loop;

/* From the loop. naddrs 0: what was known of the proxy stays. */
typedef void helper_proxies_cb(void *arg, size_t index, const union addr *addrs, size_t naddrs);

struct helper_proxies {
	struct ev_loop    *loop;
	uid_t              uid;         /* as whom is asked */
	gid_t              gid;
	helper_proxies_cb *known;
	void              *arg;
	const struct conf *conf;
	struct helper_lookup *lookups;          /* one for each of conf->proxies */
};

/* Looks all of them up; lookups for the configuration before are forgotten. */
void helper_proxies_set_conf(struct helper_proxies *, const struct conf *);
/* Looks one up again, unless that is under way. */
void helper_proxies_resolve(struct helper_proxies *, size_t index);
void helper_proxies_end(struct helper_proxies *);

#endif
