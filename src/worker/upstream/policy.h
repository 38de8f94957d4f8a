/*
 * policy.h - the configuration in force in the worker, with the live state of its proxies.
 *
 * A reload makes a new policy; flows keep the one they began with, so that names of rules and
 * proxies stay valid until the last flow has ended.
 *
 * Owner:  reference counted; policy_new() gives the first reference.
 * Units:  times are seconds on the loop's clock.
 */
#ifndef PFI_POLICY_H
#define PFI_POLICY_H

#include "conf/conf.h"

#define PROXY_ADDRS 8           /* addresses kept of one proxy */

struct proxy {
	const struct conf_proxy *conf;
	union addr addrs[PROXY_ADDRS];  /* with port; what its name means now */
	size_t     naddrs;
	size_t     preferred;           /* the address that answered last */
	bool       down;                /* the last attempt could not reach it */
	double     retry_at;            /* down: others are tried first until then */
	double     backoff;             /* ... seconds; 10, then doubled at each failed retry up to 60 */
	bool       udp_known, udp;      /* the answer to UDP ASSOCIATE, once asked */
	double     udp_retry_at;        /* no UDP: it is not asked again until then */
	uint64_t   connects, failures;
};

struct policy {
	unsigned      refs;
	uint32_t      generation;       /* counts reloads, from 1 */
	double        since;            /* in force */
	struct conf  *conf;             /* owned */
	struct proxy *proxies;          /* conf->nproxies of them, same order */
	union addr   *resolvers;        /* dns.servers, or the system's; with port */
	size_t        nresolvers;
};

/* Takes conf over. Proxies whose host is numeric have their address at once. NULL: no memory. */
struct policy *policy_new(struct conf *, uint32_t generation);
struct policy *policy_ref(struct policy *);
void           policy_unref(struct policy *);

/* Carries what is known of proxies with the same type, host and port over from an older policy;
 * those that are down may be tried at once, since the new configuration may have mended them. */
void policy_inherit(struct policy *, const struct policy *older);

/* What the helper found for proxy index (ports are filled in here). Nothing found: what is known stays. */
void policy_set_proxy(struct policy *, size_t index, const union addr *addrs, size_t naddrs);
/* The system's resolvers; ignored when the configuration names its own. 0 or ENOMEM. */
int  policy_set_resolvers(struct policy *, const union addr *addrs, size_t naddrs);

/* Is host the name of one of the proxies? Such names are always resolved directly. */
bool policy_is_proxy_host(const struct policy *, const char *host);

/* Where conf is in p->proxies. */
struct proxy *policy_proxy(struct policy *, const struct conf_proxy *conf);

/* Notes the outcome of an attempt and logs "proxy up" / "proxy down" when it changes. */
void policy_proxy_up(struct proxy *);
void policy_proxy_down(struct proxy *, enum close_reason why, double now);

#endif
