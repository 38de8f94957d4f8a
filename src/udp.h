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

#include "addr.h"

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

/* Sends to peer. from: the local address to send from (its port is the socket's own), for a
 * socket bound to the wildcard address; NULL: the socket's own. */
int udp_send(int fd, const union addr *from, const union addr *peer, const void *msg, size_t len);

/* A new non-blocking socket, connected, so that only this server's datagrams and errors arrive.
 * Its source port is the kernel's random choice (RFC 6056). */
int udp_connect(const union addr *server, int *fd);

#endif
