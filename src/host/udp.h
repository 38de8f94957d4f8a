/*
 * udp.h - receives a datagram with the address that it was sent to, sends one from a chosen address, and opens sockets
 *         for requests to one server.
 *
 * Sources: ip(7) IP_ORIGDSTADDR, IP_PKTINFO (Linux); ip(4) IP_RECVDSTADDR, IP_RECVDSTPORT (OpenBSD),
 *          IP_RECVDSTADDR (FreeBSD, macOS), IP_SENDSRCADDR (FreeBSD, OpenBSD); RFC 3542 IPV6_PKTINFO.
 * Errors:  0 or an errno value.
 */
#pragma once

#include <sys/types.h>

#include "base/addr.h"
#include "base/flow.h"

/* Largest datagram (RFC 768 length field, less headers). */
#define UDP_MAX 65507

/* Receives one datagram of *len bytes. bound: the address of the socket. *local: the address that the datagram was sent
 * to, as far as the kernel tells, else *bound. EAGAIN: there is none. EMSGSIZE: it was longer than size; it is lost,
 * but peer and local are set. */
int udp_receive(int fd, const union addr *bound, void *data, size_t size, size_t *len,
    union addr *peer, union addr *local);
/* The same, into members of a flow; its device as far as the kernel tells. */
int udp_receive_flow(int fd, const union addr *bound, void *data, size_t size, size_t *len, struct flow *);

/* Asks the kernel to report the destination address of each datagram, and where it can the interface, for a socket that
 * is bound to the wildcard address or gets redirected datagrams. */
int udp_tell_local(int fd, int family);
/* Turns on the option of ip(4) or ip6(4), by family. */
int udp_option(int fd, int family, int option4, int option6);

/* Sends to peer. from: the source address, for a socket bound to the wildcard address (the port is the socket's); NULL:
 * the address of the socket. */
int udp_send(int fd, const union addr *from, const union addr *peer, const void *msg, size_t len);

/* Many datagrams in one system call, where the system has one. */
#define UDP_BATCH      32
#define UDP_BATCH_SIZE 4096     /* longer datagrams are dropped */

struct udp_batch {
	unsigned count;
	struct udp_datagram {
		union addr peer, local;
		size_t     len;
		uint8_t    data[UDP_BATCH_SIZE];
	} list[UDP_BATCH];
};

/* Receives the datagrams that are there; see udp_receive(). One that fails has length 0. EAGAIN: there is none. */
int udp_receive_batch(int fd, const union addr *bound, struct udp_batch *);

/* Sends each datagram to its peer, from_local: from its local address (see udp_send()). Sets count to 0. 0, or the
 * errno value of the last one that was not sent. */
int udp_send_batch(int fd, bool from_local, struct udp_batch *);

/* Is it an address of this host? */
bool udp_is_own(const union addr *);

/* Gives a socket room for the largest datagram: the BSDs begin with 9216 bytes (SO_SNDBUF). */
void udp_room(int fd);

/* Opens a socket with room, non-blocking and close-on-exec. */
int udp_socket(int family, int *fd);

/* Opens such a socket and connects it, so that it receives only datagrams and errors of this server. The kernel chooses
 * a random source port (RFC 6056). */
int udp_connect(const union addr *server, int *fd);
