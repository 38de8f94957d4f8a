/*
 * quic_initial.h - the server name in the first flight of a QUIC client.
 *
 * A client's Initial packets are encrypted with keys that follow from their own header: anybody who sees them can
 * read them. The ClientHello is in CRYPTO frames, in any order, over several packets and datagrams.
 * Versions 1 and 2; others have no name.
 *
 * quic_initial.c with quic_crypto.c where libcrypto is, else quic_none.c; chosen by the build.
 *
 * Bounds:  a packet longer than QUIC_PACKET_MAX is passed over, a hello longer than SNIFF_MAX is SNIFF_NONE.
 * Sources: RFC 9000 sections 12.2, 17.2 and 19; RFC 9001 section 5; RFC 9369.
 */
#ifndef PFI_QUIC_INITIAL_H
#define PFI_QUIC_INITIAL_H

#include "wire/sniffer.h"

#define QUIC_PACKET_MAX 4096

struct quic_datagram {
	const uint8_t *data;
	size_t         len;
};

/* What reads them: "libcrypto"; NULL: nothing does, and every answer is SNIFF_NONE. */
extern const char *const quic_engine;

/* Call it once, before the sandbox. */
void quic_start(void);

/* Pure. All datagrams of a client so far, in any order; the answers are those of sniff_host(). */
enum sniff quic_initial_name(const struct quic_datagram *, size_t n, struct sniffed *);

#endif
