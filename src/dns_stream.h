/*
 * dns_stream.h - asks resolvers over TCP, through proxies or direct, on connections that are kept
 *                open and pipelined (RFC 1035 section 4.2.2, RFC 7766).
 *
 * There is one connection for each list of proxies and resolver. Answers may come in any order:
 * each query gets an id of ours, random and unique on its connection. When a connection breaks or
 * falls silent (a host that slept, a proxy that restarted), it is opened again and its queries are
 * sent again, each at most once.
 *
 * Owner:   dns_streams_new() makes the set, dns_streams_free() frees it with all connections;
 *          every ask must have ended before.
 * Bounds:  the caller's: one entry an ask, and it limits the time of each.
 */
#ifndef PFI_DNS_STREAM_H
#define PFI_DNS_STREAM_H

#include "dns_message.h"
#include "upstream.h"

struct dns_streams;
struct dns_ask;

struct dns_stream_result {
	enum close_reason        reason;        /* CLOSE_DONE: msg is a verified answer */
	const uint8_t           *msg;           /* borrowed during the callback; NULL when it failed */
	size_t                   len;
	struct dns_answer        answer;
	const struct conf_proxy *proxy;         /* the last one tried; NULL: direct */
};

/* Called once, from the loop, never from dns_ask_new(). It may start and cancel no other ask. */
typedef void dns_stream_cb(void *arg, const struct dns_stream_result *);

struct dns_route {
	struct policy                  *policy;
	const struct conf_proxy *const *proxies;
	size_t                          nproxies;       /* 0: direct */
	union addr                      server;
};

struct dns_streams *dns_streams_new(const struct upstream_env *);
void dns_streams_free(struct dns_streams *);

/* Closes the connections on which nothing is awaited. */
void dns_streams_close_idle(struct dns_streams *);

/* Sends the query with another id. msg and question are borrowed until the end of the ask. NULL: no memory,
 * or the connection takes no more. */
struct dns_ask *dns_ask_new(struct dns_streams *, const struct dns_route *, const uint8_t *msg, size_t len,
    const struct dns_question *question, dns_stream_cb *, void *arg);
void dns_ask_cancel(struct dns_ask *);

#endif
