/*
 * dns_listener.h - receives DNS queries over UDP and TCP, asks the firewall for their original destination, and sends
 *                  the answers.
 *
 * A UDP query whose destination is unknown is dropped, because two services could answer each other for ever. A TCP
 * connection carries many queries, each after its length (RFC 1035 section 4.2.2); answers go out in any order (RFC
 * 7766).
 *
 * Owner:   the struct dns_listeners is the caller's. A request belongs to received() until dns_request_answer() or
 *          abandoned().
 * Bounds:  limits.dns_queries queries and connections that wait for the firewall (more are dropped), DNS_CLIENTS_MAX
 *          TCP clients (more are closed), DNS_CLIENT_QUERIES unanswered queries of each (reading pauses),
 *          DNS_CLIENT_IDLE_S without a query. Dropped queries count as failed.
 */
#ifndef PFI_DNS_LISTENER_H
#define PFI_DNS_LISTENER_H

#include <sys/queue.h>

#include "host/udp.h"
#include "kernel/firewall.h"
#include "worker/record/account.h"
#include "worker/record/worker_env.h"

#define DNS_CLIENTS_MAX    256
#define DNS_CLIENT_QUERIES 64
#define DNS_CLIENT_IDLE_S  10.0

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

struct dns_listeners {
	const struct worker_env *env;
	dns_request_cb  *received;
	dns_request_cb  *abandoned;     /* the TCP client is gone: forget the request */
	void            *arg;
	unsigned         nlookups, nclients;            /* private from here; all zero at first */
	LIST_HEAD(, dns_request) lookups;               /* wait for the firewall; of connections: empty */
	LIST_HEAD(, dns_client)  clients;
	LIST_HEAD(, dns_socket)  sockets;               /* open ones */
	struct dns_socket *gathers;                     /* is being read: answers to its clients gather in out */
	struct udp_batch in, out;
};

/* Takes fd over: bound and non-blocking; TCP: listening. 0, or an errno value, and fd stays the caller's. */
int dns_listeners_add(struct dns_listeners *, int fd, int type, const union addr *local);

/* Stops receiving at all addresses but those that keep() wants (NULL: at all). A UDP socket is closed after its last
 * answer. */
void dns_listeners_stop(struct dns_listeners *, bool (*keep)(const void *arg, const union addr *local),
    const void *arg);

/* Ends everything. Requests over UDP must have been answered. */
void dns_listeners_close(struct dns_listeners *);

/* Sends the answer (msg NULL: sends none) and frees the request. The caller must not pass a message too large for UDP.
 * Never calls received() or abandoned(): a TCP connection is read and written later. */
void dns_request_answer(struct dns_request *, const void *msg, size_t len);

#endif
