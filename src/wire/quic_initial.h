/*
 * quic_initial.h - the server name in the first flight of a QUIC client.
 *
 * The keys of a client's Initial packets follow from their header, so that everybody who sees the packets can decrypt
 * them. The ClientHello is in CRYPTO frames, in any order, spread over packets and datagrams. Versions 1 and 2 are
 * read.
 *
 * The build takes quic_initial.c and quic_crypto.c where libcrypto is installed, else quic_none.c.
 *
 * Bounds:  a packet longer than QUIC_PACKET_MAX is skipped, a hello longer than SNIFF_MAX is SNIFF_NONE.
 * Sources: RFC 9000 sections 12.2, 17.2 and 19; RFC 9001 section 5; RFC 9369.
 */
#pragma once

#include "wire/sniffer.h"

#define QUIC_PACKET_MAX 4096

struct quic_datagram {
	const uint8_t *data;
	size_t         len;
};

/* "libcrypto"; NULL: the program was built without it, and every answer is SNIFF_NONE. */
extern const char *const quic_engine;

/* Call it once, before the sandbox. */
void quic_start(void);

/* Pure. list: all datagrams of a client so far, in any order. Answers as sniff_host() does. */
enum sniff quic_initial_name(const struct quic_datagram *, size_t n, struct sniffed *);
