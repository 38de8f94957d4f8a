/*
 * socks5_udp.h - the header in front of each datagram to and from a SOCKS5 relay (RFC 1928 section 7).
 *
 * Pure: bytes in, bytes out.
 */
#ifndef PFI_SOCKS5_UDP_H
#define PFI_SOCKS5_UDP_H

#include "base/addr.h"

#define SOCKS5_UDP_HEADER_MAX (4 + 1 + 255 + 2)

struct socks5_udp {
	union addr     addr;            /* where the payload comes from, with port; AF_UNSPEC: a name */
	char           host[256];       /* that name; "" with an address */
	uint16_t       port;
	const uint8_t *payload;         /* inside the datagram that was parsed */
	size_t         len;
};

/* Writes the header for a datagram to host (NULL: to dst's address) and dst's port. Its length;
 * 0: host is longer than 255 bytes, or empty. */
size_t socks5_udp_header(const char *host, const union addr *dst, uint8_t out[SOCKS5_UDP_HEADER_MAX]);

/* 0; EOPNOTSUPP: a fragment (FRAG is not 0); EBADMSG: cut short, or an address type that does not exist. */
int socks5_udp_parse(const uint8_t *, size_t, struct socks5_udp *out);

#endif
