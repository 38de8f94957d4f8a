/*
 * socks5_udp.h - the header of datagrams to and from the UDP relay of a SOCKS5 proxy (RFC 1928 section 7). Pure.
 */
#pragma once

#include "base/addr.h"

#define SOCKS5_UDP_HEADER_MAX (4 + 1 + 255 + 2)

struct socks5_udp {
	union addr     addr;            /* source of the payload, with port; AF_UNSPEC: it is a name */
	char           host[256];       /* the name; "" with an address */
	uint16_t       port;
	const uint8_t *payload;         /* borrowed from the parsed datagram */
	size_t         len;
};

/* Writes the header for a datagram to host (NULL: to the address in dst) and the port in dst. Returns its length;
 * 0: host is empty or longer than 255 bytes. */
size_t socks5_udp_header(const char *host, const union addr *dst, uint8_t out[SOCKS5_UDP_HEADER_MAX]);

/* 0; EOPNOTSUPP: a fragment (FRAG is not 0); EBADMSG: truncated, or of an unknown address type. */
int socks5_udp_parse(const uint8_t *data, size_t len, struct socks5_udp *out);
