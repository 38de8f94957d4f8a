/*
 * dns_listener.h - receives DNS queries over UDP and TCP, finds out which resolver the client
 *                  meant, and carries the answers back the way they have to go.
 *
 * A UDP query whose lookup in the firewall fails is dropped and never answered: two services would
 * answer each other for ever. TCP carries many queries a connection, answered in any order (RFC 7766).
 *
 * Owner:   dns_listeners_new() makes the set, dns_listeners_free() frees it. A request belongs to
 *          received() until dns_request_answer() or dns_request_drop(), or until abandoned() was called.
 * Bounds:  limits.dns_queries requests whose destination is not known yet (more are dropped and
 *          counted as failed), DNS_CLIENTS_MAX TCP clients (more are closed), DNS_CLIENT_QUERIES
 *          unanswered queries each (reading pauses), DNS_CLIENT_IDLE_S without a query.
 */
#ifndef PFI_DNS_LISTENER_H
#define PFI_DNS_LISTENER_H

#include <sys/queue.h>

#include "account.h"
#include "firewall.h"

#define DNS_CLIENTS_MAX    256
#define DNS_CLIENT_QUERIES 64
#define DNS_CLIENT_IDLE_S  10.0

struct dns_listeners;

/* Shall the listener at this address stay? */
typedef bool dns_listeners_keep(const void *arg, const union addr *local);
struct dns_socket;
struct dns_client;

/* One query, as received; its text is not parsed yet. */
struct dns_request {
	struct flow  flow;              /* flow.proto tells UDP from TCP */
	union addr   meant;             /* the resolver the client meant; AF_UNSPEC: it asked us */
	void        *arg;               /* the receiver's own; NULL at first */
	struct dns_socket *socket;      /* the listener's own: */
	struct dns_client *client;
	TAILQ_ENTRY(dns_request) link;
	size_t       len;
	uint8_t      msg[];
};

typedef void dns_request_cb(void *arg, struct dns_request *);

struct dns_listeners_env {
	struct ev_loop  *loop;
	struct firewall *firewall;
	struct account  *account;
	dns_request_cb  *received;
	dns_request_cb  *abandoned;     /* the TCP client is gone: forget the request */
	void            *arg;
};

struct dns_listeners *dns_listeners_new(const struct dns_listeners_env *);
void dns_listeners_free(struct dns_listeners *);

/* Most requests at once whose destination is looked up. */
void dns_listeners_set_max(struct dns_listeners *, unsigned max);

/* fd: bound and non-blocking; TCP: listening. Taken over. 0 or errno (fd stays the caller's). */
int dns_listeners_add(struct dns_listeners *, int fd, int type, const union addr *local);

/* Receives nothing new. A UDP socket is closed when its last request has been answered. */
void dns_listeners_stop(struct dns_listeners *, dns_listeners_keep *, const void *arg);

/* Sends the answer and frees the request. A message too large for UDP is the caller's mistake. */
void dns_request_answer(struct dns_request *, const void *msg, size_t len);
void dns_request_drop(struct dns_request *);

#endif
