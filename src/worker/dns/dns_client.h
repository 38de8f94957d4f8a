/*
 * dns_client.h - TCP connections of DNS clients. Each carries many queries, each after its length (RFC 1035 section
 *                4.2.2); answers go out in any order (RFC 7766).
 *
 * A redirected connection may be none of DNS, or carry what is no plain query (a zone transfer, an update, a signed
 * query). It is handed on, to be relayed to its destination like any other connection, with all bytes that are not
 * answered yet:
 *   - before its first message that is not a plain query, once the queries before that are answered;
 *   - if a first message stays incomplete for DNS_STALL_S;
 *   - if the server speaks first: to find out, the server is dialled when the client has said nothing for
 *     timeouts.hello. A client that speaks before the server does keeps the forwarder.
 *
 * If there are too many clients, the idlest one of the address that has the most is closed.
 *
 * Owner:   the struct dns_clients is the caller's. A request belongs to received() until dns_client_answer() or
 *          abandoned().
 * Bounds:  DNS_CLIENTS_MAX clients, DNS_CLIENT_QUERIES unanswered queries of each (reading pauses),
 *          DNS_CLIENT_IDLE_S without a query.
 */
#pragma once

#include <sys/queue.h>

#include "base/limit.h"
#include "conf/rule.h"
#include "wire/dns_message.h"
#include "worker/record/worker_env.h"

#define DNS_CLIENTS_MAX    256
#define DNS_CLIENT_QUERIES 64
#define DNS_CLIENT_IDLE_S  10.0
#define DNS_STALL_S        1.0

/* One query, as received, not parsed. */
struct dns_request {
	struct flow  flow;              /* proto: UDP or TCP */
	union addr   meant;             /* the resolver that the client meant; AF_UNSPEC: us */
	void        *arg;               /* the receiver's; NULL at first */
	struct dns_socket *socket;      /* private from here */
	struct dns_client *client;
	LIST_ENTRY(dns_request) link;
	size_t       len;
	uint8_t      msg[];
};

typedef void dns_request_cb(void *arg, struct dns_request *);

/* Redirected traffic that is not for the forwarder; others carry it on. */
struct dns_outlet {
	void  *arg;
	/* Borrows everything. The flow's socket is the forwarder's, until closing(). */
	void (*datagram)(void *arg, const struct flow *, const union addr *dst, const uint8_t *msg, size_t len);
	void (*closing)(void *arg, int fd);
	/* Takes flow->fd over; borrows data, the client's bytes so far. verdict NULL: the flow is not judged yet. */
	void (*connection)(void *arg, const struct flow *, const union addr *dst, const struct verdict *verdict,
	    const uint8_t *data, size_t len);
};

struct dns_clients {
	const struct worker_env *env;
	const struct dns_outlet *outlet;
	dns_request_cb  *received;
	dns_request_cb  *abandoned;     /* the client is gone: forget the request */
	void            *arg;
	struct limit     limit;         /* private from here; all zero at first, with TAILQ_INIT(&list) */
	TAILQ_HEAD(, dns_client) list;  /* the idlest first */
};

/* NULL: no memory. */
struct dns_request *dns_request_new(const struct flow *, const uint8_t *msg, size_t len);

/* Takes flow->fd over if it gives 0; else ENOMEM. */
int  dns_client_new(struct dns_clients *, const struct flow *, const union addr *meant);
void dns_clients_close(struct dns_clients *);

/* Sends the answer (msg NULL: sends none) and frees the request. Calls nothing back: the connection is read and written
 * later. */
void dns_client_answer(struct dns_request *, const void *msg, size_t len);

/* Is there a rule for the name in this request, which is no plain query? True: *v proxies or blocks it. */
bool dns_named_verdict(const struct worker_env *, const struct dns_query *, struct verdict *v);
