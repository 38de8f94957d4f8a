/*
 * dns_listener.h - receives DNS queries over UDP, and TCP connections (dns_client.h); asks the firewall for their
 *                  original destination, and sends the answers.
 *
 * A UDP query whose destination is unknown is dropped, and so is an answer that was sent to us, because two services
 * could answer each other for ever.
 *
 * Owner:   the struct dns_listeners is the caller's. A request belongs to clients.received() until
 *          dns_request_answer() or clients.abandoned().
 * Bounds:  limits.dns_queries queries and connections that wait for the firewall (more are dropped, and count as
 *          failed); those of dns_client.h.
 */
#pragma once

#include "host/udp.h"
#include "kernel/firewall.h"
#include "worker/dns/dns_client.h"
#include "worker/record/account.h"

struct dns_listeners {
	struct dns_clients clients;
	unsigned         nlookups;                      /* private from here; all zero at first */
	LIST_HEAD(, dns_request) lookups;               /* wait for the firewall; of connections: empty */
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
