/*
 * dns_listener.h - receives DNS queries over UDP and TCP, finds out which resolver the client
 *                  meant, and carries the answers back the way they have to go.
 *
 * A UDP query whose lookup in the firewall fails is dropped and never answered: two services would
 * answer each other for ever. TCP carries many length-framed queries a connection (RFC 1035 section
 * 4.2.2), answered in any order (RFC 7766).
 *
 * Owner:   the struct dns_listeners is the caller's. A request belongs to received() until
 *          dns_request_answer(), or until abandoned() was called.
 * Bounds:  limits.dns_queries queries and connections whose destination is not known yet (more are dropped),
 *          DNS_CLIENTS_MAX TCP clients (more are closed), DNS_CLIENT_QUERIES unanswered queries each
 *          (reading pauses), DNS_CLIENT_IDLE_S without a query. What is dropped counts as failed.
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

/* One query, as received; its text is not parsed yet. */
struct dns_request {
	struct flow  flow;              /* flow.proto tells UDP from TCP */
	union addr   meant;             /* the resolver the client meant; AF_UNSPEC: it asked us */
	void        *arg;               /* the receiver's own; NULL at first */
	struct dns_socket *socket;      /* the listener's own: */
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
	unsigned         nlookups, nclients;            /* zero at first, like the rest */
	LIST_HEAD(, dns_request) lookups;               /* waiting for the firewall; a connection: without bytes */
	LIST_HEAD(, dns_client)  clients;
	LIST_HEAD(, dns_socket)  sockets;               /* those that receive */
	struct dns_socket *gathers;                     /* receives just now: the answers to its clients are kept in out */
	struct udp_batch in, out;
};

/* fd: bound and non-blocking; TCP: listening. Taken over. 0 or errno (fd stays the caller's). */
int dns_listeners_add(struct dns_listeners *, int fd, int type, const union addr *local);

/* Receives nothing new at the addresses that are not to be kept (keep NULL: all). A UDP socket is
 * closed when its last request has been answered. */
void dns_listeners_stop(struct dns_listeners *, bool (*keep)(const void *arg, const union addr *local), const void *arg);

/* Ends everything; requests that came by UDP must have been answered. */
void dns_listeners_close(struct dns_listeners *);

/* Sends the answer (msg NULL: there is none) and frees the request. A message too large for UDP is
 * the caller's mistake. Nothing is read or written on a TCP connection before this returns, so that
 * an answer never leads to the next query, or to the end of the client. */
void dns_request_answer(struct dns_request *, const void *msg, size_t len);

#endif
