/*
 * capture_packet.h - reads a captured packet from its link header to its ports and payload.
 *
 * Pure: bytes in, values out. Everything is checked against len.
 * Bounds:  two VLAN tags, CAPTURE_EXTENSIONS extension headers of IPv6.
 * Sources: RFC 791, RFC 8200 section 4, RFC 9293, RFC 768; link headers: pcap-linktype(7); RFC 9000 section 17.2,
 *          RFC 9369 section 3 (QUIC Initial packets).
 */
#pragma once

#include "base/addr.h"

#define CAPTURE_EXTENSIONS 8

/* The link header. The version comes from the IP header itself, because systems number address families differently. */
enum capture_link {
	CAPTURE_ETHERNET,
	CAPTURE_SLL,            /* Linux "any" */
	CAPTURE_SLL2,
	CAPTURE_NULL,           /* four bytes: loopback, tunnels */
	CAPTURE_RAW,            /* none */
	CAPTURE_PFLOG           /* its first byte is its length, to be rounded up to a multiple of four */
};

struct capture_packet {
	int            proto;           /* IPPROTO_TCP, IPPROTO_UDP */
	union addr     source, dst;
	bool           syn;             /* TCP: SYN without ACK */
	const uint8_t *data;            /* the payload as far as it was captured; borrowed */
	size_t         len;
};

/* 0; EBADMSG: truncated or malformed; EPROTONOSUPPORT: neither TCP nor UDP, or not the first fragment. */
int capture_packet_parse(enum capture_link, const uint8_t *bytes, size_t len, struct capture_packet *);

/* True when the packet begins a flow: a TCP SYN, or a QUIC Initial packet to port 443. */
bool capture_packet_begins(const struct capture_packet *);
