/*
 * dns_way.h - dns.fake_ip "auto": by which way a proxied name gets its address: a real one, looked up through its
 *             proxy, or a made-up one, by which the proxy gets the name itself.
 *
 * A way that was not tried is tried: the client waits for the time that this proxy needs (proxy_way.h), then gets a
 * made-up address. From then on names get theirs at once, and a probe asks behind the clients' back now and then.
 *
 * Owner:   struct dns_way is a value. Probes belong to the list, which dns_probes_end() empties.
 * Bounds:  one probe for each proxy and resolver, DNS_PROBES together, timeouts.dns for each.
 */
#pragma once

#include "conf/rule.h"
#include "worker/dns/dns_resolver.h"

#define DNS_PROBES 16

struct dns_way {
	enum name_way way;              /* NAME_FAKE and above: a made-up address */
	union addr    server;           /* the resolver to ask through the proxy; addr_none: none */
	struct proxy *proxy;            /* NULL: several */
	bool          retry;            /* begin a probe */
};

/* For a name whose verdict is one of the proxies; meant: the resolver that the client asked, or addr_none. */
void dns_way_choose(struct policy *, const struct verdict *, const char *name, const union addr *meant, double now,
    struct dns_way *out);

/* What a result that came through a proxy tells about the way; NAME_UNTRIED: nothing, the proxy itself is down. */
enum name_way dns_way_told(const struct dns_result *);

struct dns_probes { LIST_HEAD(, dns_probe) list; unsigned count; };

/* Asks this question, for no client, in order to note the outcome. If the question is asked already, waits for that. */
void dns_probe_begin(struct dns_probes *, struct dns_resolver *, const struct dns_route *, const struct dns_way *,
    const uint8_t *msg, size_t len, const struct dns_query *);
void dns_probes_end(struct dns_probes *);
