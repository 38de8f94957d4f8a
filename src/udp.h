/*
 * udp.h - receives a datagram together with the address that it was sent to.
 *
 * Sources: ip(7) IP_ORIGDSTADDR, IP_PKTINFO (Linux); ip(4) IP_RECVDSTADDR, IP_RECVDSTPORT (OpenBSD),
 *          IP_RECVDSTADDR (FreeBSD, macOS); RFC 3542 IPV6_PKTINFO.
 */
#ifndef PFI_UDP_H
#define PFI_UDP_H

#include <sys/types.h>

#include "addr.h"

/* Largest datagram (RFC 768 length field, less headers). */
#define UDP_MAX 65507

/* Receives one datagram. bound: the socket's own address; *local becomes where the datagram was
 * sent to as far as the kernel tells (else *bound). *len: its length. 0; EAGAIN; other errno. */
int udp_receive(int fd, const union addr *bound, void *data, size_t size, size_t *len,
    union addr *peer, union addr *local);

#endif
