/*
 * policy.h - the configuration in force in the worker, with the live state of its proxies.
 *
 * A reload makes a new policy. Flows keep the one they began with, so that rules and proxies stay valid until the last
 * of these flows has ended.
 *
 * Owner:  reference counted; policy_new() gives the first reference.
 * Units:  times are seconds on the loop's clock.
 */
#pragma once

#include "conf/name_way.h"

#define PROXY_ADDRS 8           /* addresses of one proxy */
#define POLICY_DOMAINS    8
#define POLICY_DOMAIN_MAX 64    /* bytes of a name, with NUL */
#define PROXY_WAYS  4           /* resolvers tried through one proxy */

/* What trying to ask a resolver through a proxy has told (proxy_way.h). */
struct proxy_way {
	union addr    server;           /* unset: unused */
	enum name_way way;              /* NAME_LOOKED_UP, or why not */
	double        retry_at;         /* unless NAME_LOOKED_UP */
	double        used;
	unsigned      silent;           /* questions without an answer since the last answer */
};

struct proxy {
	const struct conf_proxy *conf;
	union addr addrs[PROXY_ADDRS];  /* with port; as last resolved */
	size_t     naddrs;
	size_t     preferred;           /* the address that answered last */
	bool       down;                /* the last attempt could not reach it */
	double     retry_at;            /* while down: other proxies are tried first until then */
	double     backoff;             /* seconds: 10, doubled by each failed retry, at most 60 */
	double     rtt;                 /* seconds that its last TCP connection took; 0: none yet */
	struct proxy_way ways[PROXY_WAYS];
	bool       udp_known, udp;      /* the outcome of UDP ASSOCIATE, once tried */
	double     udp_retry_at;        /* without UDP: not tried again until then */
	uint64_t   connects, failures;
};

struct policy {
	unsigned      refs;
	uint32_t      generation;       /* counts reloads, from 1 */
	double        since;            /* when it came into force */
	struct conf  *conf;             /* owned */
	struct proxy *proxies;          /* conf->nproxies, in the same order */
	union addr   *resolvers;        /* dns.servers, or the system's; with port */
	size_t        nresolvers;
	struct policy_domain {          /* the system's resolvers for one domain each */
		union addr server;
		char       domain[POLICY_DOMAIN_MAX];
	} domains[POLICY_DOMAINS];
	size_t        ndomains;
};

/* Takes conf over. Proxies with a numeric host have their address at once. NULL: no memory. */
struct policy *policy_new(struct conf *, uint32_t generation);
struct policy *policy_ref(struct policy *);
void           policy_unref(struct policy *);

/* Copies the state of proxies with the same kind, host and port from an older policy. Proxies that were down may be
 * tried at once, because the new configuration may have mended them, and their ways to resolvers are forgotten. */
void policy_inherit(struct policy *, const struct policy *older);

/* Sets the addresses that the helper found for a proxy; ports are filled in. No addresses: keeps those known. */
void policy_set_proxy(struct policy *, size_t index, const union addr *addrs, size_t naddrs);
/* Sets the system's resolvers, if dns.servers names none, and forgets the proxies' ways to resolvers. domains: the one
 * that each is for, "" for all others. 0 or ENOMEM. */
int  policy_set_resolvers(struct policy *, const union addr *addrs, const char (*domains)[POLICY_DOMAIN_MAX], size_t n);
/* The resolver for the domain of this name, or addr_none: it has none of its own. */
union addr policy_domain_server(const struct policy *, const char *name);
/* Is the server one of them? Also without an address, which stands for them. */
static inline bool
policy_has_resolver(const struct policy *policy, const union addr *server)
{
	bool has = !addr_is_set(server);

	for (size_t i = 0; i < policy->nresolvers && !has; i++)
		has = addr_equal(&policy->resolvers[i], server);
	return has;
}

/* Is host the name of a proxy? Such names are always resolved directly. */
bool policy_is_proxy_host(const struct policy *, const char *host);

/* The state of this proxy. */
struct proxy *policy_proxy(struct policy *, const struct conf_proxy *conf);

/* Notes the outcome of an attempt; logs "proxy up" or "proxy down" when that is a change. */
void policy_proxy_up(struct proxy *);
void policy_proxy_down(struct proxy *, enum close_reason why, double now);
