/*
 * udp_listener.h - receives redirected datagrams on one bound socket, each with its original destination.
 *
 * The destination is asked for with the first datagram from a client to a local address. It is kept for UDP_LOOKUP_S,
 * not longer, because pf forgets a flow after its own time-outs, and the same pair may then have another destination.
 * Datagrams are queued until the answer.
 *
 * Owner:   udp_listener_new() takes fd over; udp_listener_free() closes it.
 * Bounds:  UDP_LOOKUPS pairs, the oldest is dropped first; UDP_LOOKUP_QUEUE queued datagrams of each.
 */
#pragma once

#include <sys/queue.h>

#include <ev.h>

#include "kernel/firewall.h"

#define UDP_LOOKUPS      4096
#define UDP_LOOKUP_QUEUE 8
#define UDP_LOOKUP_S     10.0

/* error 0: a datagram of flow with its destination; all are borrowed. Else the datagram is lost, and msg is NULL.
 * ENOBUFS: the queue is full; other errors: the firewall gave no destination. */
typedef void udp_listener_cb(void *arg, int error, const struct flow *flow, const union addr *dst,
    const uint8_t *msg, size_t len);

struct udp_listener {
	LIST_ENTRY(udp_listener) next;          /* the caller's */
	ev_io            readable;
	union addr       local;
	struct ev_loop  *loop;
	struct firewall *firewall;
	struct lookup   *lookups;
	udp_listener_cb *cb;
	void            *arg;
};

/* NULL: no memory; fd stays the caller's. */
struct udp_listener *udp_listener_new(struct ev_loop *, struct firewall *, int fd, const union addr *local,
    udp_listener_cb *, void *arg);
void udp_listener_free(struct udp_listener *);
