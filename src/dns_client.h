/*
 * dns_client.h - one TCP connection of a DNS client: length-framed queries in, answers out
 *                (RFC 1035 section 4.2.2, RFC 7766).
 *
 * Nothing is read or written from inside dns_client_answer(), so that an answer never leads to
 * the next query, or to the end of the client, while the caller is still busy with this one.
 *
 * Owner:   the list that it stands in; a client ends itself when its peer is gone, idle or wrong.
 */
#ifndef PFI_DNS_CLIENT_H
#define PFI_DNS_CLIENT_H

#include "dns_listener.h"

LIST_HEAD(dns_client_list, dns_client);

struct dns_clients {
	const struct dns_listeners_env *env;
	struct dns_client_list list;
	unsigned count;         /* also connections whose destination is being looked up */
};

/* Takes flow->fd over; closes it when there is no memory. meant: see struct dns_request. */
void dns_client_new(struct dns_clients *, const struct flow *, const union addr *meant);

/* msg NULL: no answer. Frees the request. */
void dns_client_answer(struct dns_request *, const void *msg, size_t len);

/* Ends all of them. */
void dns_clients_free(struct dns_clients *);

#endif
