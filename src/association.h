/*
 * association.h - a SOCKS5 UDP association (RFC 1928 sections 4, 6 and 7): a control connection to a proxy, and a
 *                 UDP socket towards the relay that the proxy opened for it.
 *
 * Datagrams that are sent before it stands wait. It ends with its control connection, with its relay, or by
 * association_close().
 *
 * Owner:   the caller owns the struct association until ended() was called, or closes it.
 * Bounds:  ASSOCIATION_QUEUE datagrams wait, ASSOCIATION_QUEUE_BYTES together; more are refused.
 */
#ifndef PFI_ASSOCIATION_H
#define PFI_ASSOCIATION_H

#include "upstream.h"

#define ASSOCIATION_QUEUE       128
#define ASSOCIATION_QUEUE_BYTES 131072

struct association;

/* Called from the loop only. Each may close the association. */
struct association_events {
	/* It stands, through this proxy; what waited has been sent. */
	void (*ready)(void *arg, const struct conf_proxy *);
	/* A datagram came from the relay, with its header (socks5_udp.h). */
	void (*received)(void *arg, const uint8_t *, size_t);
	/* It could not be made, or is no more, and frees itself after this. proxy: the last one tried. */
	void (*ended)(void *arg, enum close_reason, const struct conf_proxy *);
};

/* Through the first of these proxies that grants one; nproxies is not 0. Holds a reference of policy.
 * NULL: no memory. */
struct association *association_open(const struct upstream_env *, struct policy *,
    const struct conf_proxy *const *proxies, size_t nproxies, const struct association_events *, void *arg);
void association_close(struct association *);

/* Sends header and payload as one datagram. 0 also when it waits; ENOBUFS: too many wait; EMSGSIZE;
 * EAGAIN; other errno values are about this datagram only. */
int association_send(struct association *, const uint8_t *header, size_t header_len, const uint8_t *payload, size_t len);

#endif
