/*
 * dns_forward.h - gets the answer to one query from a resolver: by UDP direct, or by TCP through
 *                 proxies. A lookup ends with a verified answer or with the reason why there is none.
 *
 * UDP: each try is a new connected socket with a random port and id; an answer counts only when
 * socket, id and question fit, everything else is ignored and waiting goes on. A server that does
 * not answer within DNS_RETRY_S is joined by the next one (or asked again); one that refuses is
 * passed over at once. A truncated answer is fetched again over TCP (RFC 7766 section 5).
 *
 * Owner:   dns_forward_new() makes one, dns_forward_free() frees it; every lookup must have ended.
 * Units:   seconds.
 * Bounds:  timeouts.dns for the whole lookup, DNS_TRIES sockets at once.
 */
#ifndef PFI_DNS_FORWARD_H
#define PFI_DNS_FORWARD_H

#include "dns_stream.h"
#include "firewall.h"

#define DNS_RETRY_S 1.2
#define DNS_TRIES   3

struct dns_forward;
struct dns_lookup;

struct dns_forward_result {
	enum close_reason        reason;        /* CLOSE_DONE: msg is a verified answer */
	const uint8_t           *msg;           /* borrowed during the callback; NULL when it failed */
	size_t                   len;
	struct dns_answer        answer;
	union addr               server;        /* that answered, or was asked last */
	const struct conf_proxy *proxy;         /* the last one tried; NULL: direct */
};

/* Called once, from the loop, never from dns_lookup_new(). It may start no other lookup. */
typedef void dns_forward_cb(void *arg, const struct dns_forward_result *);

/* firewall: tells our own listeners, which are never asked. */
struct dns_forward *dns_forward_new(const struct upstream_env *, const struct firewall *);
void dns_forward_free(struct dns_forward *);

/* Closes kept connections that are not in use (after a reload). */
void dns_forward_close_idle(struct dns_forward *);

/* route->server: the resolver to ask; AF_UNSPEC (direct only): policy->resolvers in turn.
 * msg and question are borrowed until the end of the lookup. NULL: no memory. */
struct dns_lookup *dns_lookup_new(struct dns_forward *, const struct dns_route *route, const uint8_t *msg,
    size_t len, const struct dns_question *question, dns_forward_cb *, void *arg);
void dns_lookup_cancel(struct dns_lookup *);

#endif
