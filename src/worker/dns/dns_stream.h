/*
 * dns_stream.h - asks resolvers over TCP, through proxies or direct, on connections that are kept
 *                open and pipelined (RFC 1035 section 4.2.2, RFC 7766).
 *
 * There is one connection for each list of proxies and resolver. Answers may come in any order:
 * each query gets an id of ours, random and unique on its connection. When a connection breaks or
 * falls silent (a host that slept, a proxy that restarted), it is opened again and its queries are
 * sent again, each at most once.
 *
 * Owner:   the caller of the struct dns_streams (env is set, the rest zero) and of each struct dns_ask.
 * Bounds:  the caller's: it limits the number of asks and the time of each.
 */
#ifndef PFI_DNS_STREAM_H
#define PFI_DNS_STREAM_H

#include <sys/queue.h>

#include <uthash.h>

#include "wire/dns_message.h"
#include "worker/record/worker_env.h"
#include "worker/upstream/upstream.h"

struct dns_streams {
	const struct worker_env *env;
	LIST_HEAD(, dns_stream)  list;
};

struct dns_route {
	struct policy                  *policy;
	const struct conf_proxy *const *proxies;
	size_t                          nproxies;       /* 0: direct */
	union addr                      server;
};

struct dns_result {
	enum close_reason        reason;        /* CLOSE_DONE: msg is a verified answer */
	uint8_t                 *msg;           /* the callback may change it; NULL when it failed */
	size_t                   len;
	bool                     cached;        /* it was kept: no server, no proxy */
	struct dns_answer        answer;
	union addr               server;        /* that answered, or was asked last */
	const struct conf_proxy *proxy;         /* the last one tried; NULL: direct */
};

/* Called once, from the loop, never from the function that begins the ask or lookup. It may begin and
 * cancel no other. */
typedef void dns_result_cb(void *arg, const struct dns_result *);

struct dns_ask {
	const uint8_t             *msg;         /* sent with another id; borrowed until the end */
	size_t                     len;
	const struct dns_question *question;    /* borrowed, too */
	dns_result_cb             *cb;
	void                      *arg;
	struct dns_stream         *stream;      /* NULL: not begun, or ended */
	UT_hash_handle             hh;          /* the stream's own: */
	uint16_t                   id;
	unsigned                   sent;
};

/* 0, ENOMEM, or ENOBUFS: the connection takes no more. */
int  dns_ask_begin(struct dns_streams *, const struct dns_route *, struct dns_ask *);
void dns_ask_cancel(struct dns_ask *);

/* Closes the connections on which nothing is awaited: all, when every ask has ended. */
void dns_streams_close_idle(struct dns_streams *);

#endif
