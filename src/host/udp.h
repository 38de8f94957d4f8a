/*
 * udp.h - receives a datagram together with the address that it was sent to; sends one from a
 *         chosen address; makes sockets for asking one server.
 *
 * Sources: ip(7) IP_ORIGDSTADDR, IP_PKTINFO (Linux); ip(4) IP_RECVDSTADDR, IP_RECVDSTPORT (OpenBSD),
 *          IP_RECVDSTADDR (FreeBSD, macOS), IP_SENDSRCADDR (FreeBSD, OpenBSD); RFC 3542 IPV6_PKTINFO.
 * Errors:  0 or an errno value.
 */
#ifndef PFI_UDP_H
#define PFI_UDP_H

#include <sys/types.h>

#include "base/addr.h"

/* Largest datagram (RFC 768 length field, less headers). */
#define UDP_MAX 65507

/* Receives one datagram. bound: the socket's own address; *local becomes where the datagram was
 * sent to as far as the kernel tells (else *bound). *len: its length. 0; EAGAIN; EMSGSIZE when it
 * was longer than size (it is gone, peer and local are set); other errno. */
int udp_receive(int fd, const union addr *bound, void *data, size_t size, size_t *len,
    union addr *peer, union addr *local);

/* Asks the kernel to tell udp_receive() which of this host's addresses was meant: for a socket
 * bound to the wildcard address. */
int udp_tell_local(int fd, int family);
/* Turns an option of ip(4) or ip6(4) on, as the family has it. */
int udp_option(int fd, int family, int option4, int option6);

/* Sends to peer. from: the local address to send from (its port is the socket's own), for a
 * socket bound to the wildcard address; NULL: the socket's own. */
int udp_send(int fd, const union addr *from, const union addr *peer, const void *msg, size_t len);

/* Many datagrams with one call of the kernel, where it can. */
#define UDP_BATCH      32
#define UDP_BATCH_SIZE 4096     /* longer ones are left out */

struct udp_batch {
	unsigned count;
	struct udp_datagram {
		union addr peer, local;
		size_t     len;
		uint8_t    data[UDP_BATCH_SIZE];
	} list[UDP_BATCH];
};

/* What is there, as udp_receive() does. 0; EAGAIN when nothing was; other errno. count may be 0 although others follow. */
int udp_receive_batch(int fd, const union addr *bound, struct udp_batch *);

/* Sends each to its peer, from its local address when from_local (see udp_send()); count is 0 then. 0, or an errno value
 * when some were not sent. */
int udp_send_batch(int fd, bool from_local, struct udp_batch *);

/* A new socket, non-blocking and close-on-exec. */
int udp_socket(int family, int *fd);

/* A new non-blocking socket, connected, so that only this server's datagrams and errors arrive.
 * Its source port is the kernel's random choice (RFC 6056). */
int udp_connect(const union addr *server, int *fd);

#endif
