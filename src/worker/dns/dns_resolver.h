/*
 * dns_resolver.h - gets the answer to a question: out of the cache, or by asking a resolver, once for all who
 *                  wait for the same.
 *
 * Questions are the same when their keys in the cache are (dns_cache.h); EDNS options make the answer one client's own:
 * then every byte must be the same, as when a question has gone round in a circle. Popular answers are asked for again before they end (dns.prefetch). When nobody answers within
 * DNS_PATIENCE_S, or with an error, an answer whose time is over is given instead (dns.stale; RFC 8767); the question stays
 * open for the cache's sake. dns.ttl_min and dns.ttl_max hold for what is kept and what is given.
 *
 * Owner:   the struct is the caller's: env of forward.streams is set by it, the rest zero; one who
 *          waits owns its struct dns_wait.
 * Bounds:  limits.dns_queries that wait, and as many different questions; each ends with its lookup (dns_forward.h).
 *          What is kept is given beyond that.
 */
#ifndef PFI_DNS_RESOLVER_H
#define PFI_DNS_RESOLVER_H

#include "worker/dns/dns_cache.h"
#include "worker/dns/dns_forward.h"

#define DNS_PATIENCE_S 1.8      /* RFC 8767 section 5: the client response timer */

struct dns_resolver {
	struct dns_forward forward;
	struct dns_cache   cache;
	struct dns_flight *shared;              /* by key */
	LIST_HEAD(, dns_flight) flights;
	unsigned           nflights, nwaits;
	struct dns_cache_key key;
	uint8_t            scratch[DNS_MESSAGE_MAX];
};

struct dns_wait {
	dns_result_cb     *cb;
	void              *arg;
	struct dns_flight *flight;              /* NULL: does not wait */
	TAILQ_ENTRY(dns_wait) link;
};

/* Nobody waits any more. */
void dns_resolver_close(struct dns_resolver *);
/* There is another policy, or its resolvers have changed: the cache is emptied, questions under way go on. */
void dns_resolver_policy_changed(struct dns_resolver *);

/* The query is a parsed one; route as for dns_lookup_new(), its policy the one in force. 0: *result has the answer, or the
 * reason why there is none. EINPROGRESS: wait->cb is called once, from the loop, unless dns_wait_cancel() comes first.
 * Each result's message is the receiver's own to change, until it returns to the loop. result->cached: no resolver was asked. */
int  dns_resolver_ask(struct dns_resolver *, const struct dns_route *, const uint8_t *msg, size_t len,
    const struct dns_query *, struct dns_wait *, struct dns_result *result);
void dns_wait_cancel(struct dns_wait *);

#endif
