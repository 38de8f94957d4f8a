/*
 * dns_resolver.h - answers a question from the cache, or asks a resolver, once for all clients with the same question.
 *
 * Two questions are the same if their cache keys are (dns_cache.h), whatever options their clients add, so that nobody
 * can have one name asked for in many flights and forge the answer to one of them. What is sent has no option of a
 * client (dns_query_write()). Only a question that goes direct, and that nobody else asks, is sent with the options of
 * its client (a cookie for the server that it named, a subnet, padding); the answer is for that client alone and is not
 * cached. If another client comes meanwhile, the flight begins again, without options, for both.
 *
 * Popular answers are asked for again before they expire (dns.prefetch). If no answer arrives within DNS_PATIENCE_S, or
 * only an error, the clients get an expired answer (dns.stale; RFC 8767), and the question stays open for the cache.
 * dns.ttl_min and dns.ttl_max apply to cached and fresh answers.
 *
 * Owner:   both structs are the caller's. In struct dns_resolver env of forward.streams is set, the rest is zero.
 * Bounds:  limits.dns_queries waiting clients, shared out by dns_share.h, and twice as many questions; each ends with
 *          its lookup (dns_forward.h). Beyond that only cached answers are given.
 */
#pragma once

#include "worker/dns/dns_cache.h"
#include "worker/dns/dns_forward.h"
#include "worker/dns/dns_share.h"

#define DNS_PATIENCE_S 1.8      /* RFC 8767 section 5: the client response timer */

struct dns_resolver {
	struct dns_forward forward;
	struct dns_cache   cache;
	struct dns_flight *shared;              /* by key */
	LIST_HEAD(, dns_flight) flights;
	unsigned           nflights;
	struct dns_shares  shares;
	struct dns_cache_key key;
	uint8_t            scratch[DNS_MESSAGE_MAX];
};

struct dns_wait {
	struct dns_place   place;               /* private */
	dns_result_cb     *cb;
	void              *arg;
	const union addr  *client;              /* NULL: ourselves */
	struct dns_flight *flight;              /* private; NULL: not waiting */
	TAILQ_ENTRY(dns_wait) link;
};

/* Frees everything but the struct. No client may be waiting. */
void dns_resolver_close(struct dns_resolver *);
/* The policy, or its resolvers, have changed: empties the cache. Open questions go on. */
void dns_resolver_policy_changed(struct dns_resolver *);

/* Takes a parsed query (NULL: a message that is not looked into, for a route through proxies); route as for
 * dns_lookup_begin(), with the policy in force. 0: *result has the answer, or the reason why there is none.
 * EINPROGRESS: wait->cb is called once, from the loop or from a later dns_resolver_ask() that takes its place, unless
 * dns_wait_cancel() comes first. The receiver may change the message of the result, until it returns to the loop. */
int  dns_resolver_ask(struct dns_resolver *, const struct dns_route *, const uint8_t *msg, size_t len,
    const struct dns_query *, struct dns_wait *, struct dns_result *result);
void dns_wait_cancel(struct dns_wait *);
