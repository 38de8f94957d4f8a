/*
 * dns_stream.h - asks resolvers over TCP, through proxies or direct, on connections that stay open and are pipelined
 *                (RFC 1035 section 4.2.2, RFC 7766).
 *
 * Each pair of proxy list and resolver has one connection. Answers come in any order, so each query gets a random id
 * that is unique on its connection. A connection that breaks or falls silent (a host that slept, a proxy that
 * restarted) is opened again, and its queries are sent again, each at most once; more often only while each connection
 * brings an answer.
 *
 * Some resolvers answer only so many queries of a connection, often one, and then close it or drop the rest. That
 * number is learned for DNS_LIMIT_S when it shows. Then each connection gets no more, and up to DNS_STREAMS are open at
 * once; others wait for their turn.
 *
 * Owner:   both structs are the caller's. In struct dns_streams env is set, the rest is zero.
 * Bounds:  the caller limits the number of asks, and the time of each. DNS_SERVERS_LEARNED limits are remembered, the
 *          oldest is forgotten first.
 */
#pragma once

#include <sys/queue.h>

#include "base/hash.h"
#include "wire/dns_message.h"
#include "worker/record/worker_env.h"
#include "worker/upstream/upstream.h"

#define DNS_STREAMS         16
#define DNS_LIMIT_S         600.0
#define DNS_SERVERS_LEARNED 8

struct dns_streams {
	const struct worker_env *env;
	LIST_HEAD(, dns_stream)  list;          /* private from here; the newest first */
	struct dns_stream_limit {
		union addr server;
		unsigned   queries;             /* that it answers on one connection */
		double     until;
	} limits[DNS_SERVERS_LEARNED];
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
	bool                     cached;        /* from the cache: no server, no proxy */
	struct dns_answer        answer;
	union addr               server;        /* the one that answered, or was asked last */
	const struct conf_proxy *proxy;         /* last tried; NULL: direct */
};

/* Called once, always from the loop. Must not begin or cancel another ask or lookup. */
typedef void dns_result_cb(void *arg, const struct dns_result *);

struct dns_ask {
	const uint8_t             *msg;         /* borrowed until the end; sent with another id */
	size_t                     len;
	const struct dns_question *question;    /* borrowed until the end; NULL: any answer with our id will do */
	dns_result_cb             *cb;
	void                      *arg;
	struct dns_stream         *stream;      /* private from here; NULL: not begun, or ended */
	UT_hash_handle             hh;          /* the stream's own: */
	uint16_t                   id;
	unsigned                   number;      /* counts those of the stream */
	unsigned                   sent;
};

/* 0; ENOMEM; ENOBUFS: the buffer of the connection is full. */
int  dns_ask_begin(struct dns_streams *, const struct dns_route *, struct dns_ask *);
void dns_ask_cancel(struct dns_ask *);

/* Closes the connections without asks; after the last ask, that is all of them. */
void dns_streams_close_idle(struct dns_streams *);
