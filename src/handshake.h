/*
 * handshake.h - what a kind of proxy says before it passes bytes on: one table of functions
 *               a kind. Each is a pure machine: bytes in, bytes out, no socket and no clock.
 *
 * The driver (upstream.c) sends out[], then reads exactly `want` bytes and calls input().
 * So a reply in one-byte pieces and a reply with payload glued to it both work: not one
 * byte beyond the handshake is ever taken from the socket.
 *
 * Owner:  the driver owns the struct; out[] may hold a password and is wiped by the driver.
 */
#ifndef PFI_HANDSHAKE_H
#define PFI_HANDSHAKE_H

#include "upstream.h"

#define HANDSHAKE_OUT_MAX 2048          /* HTTP CONNECT with two long Basic fields */
#define HANDSHAKE_IN_MAX  8192          /* the largest HTTP reply head we accept */

struct handshake {
	const struct conf_proxy *proxy;
	struct target  target;
	char           host[HOST_MAX + 1];      /* target.host points here, or is NULL */
	int            state;                   /* the kind's own enum */
	uint8_t        out[HANDSHAKE_OUT_MAX];
	size_t         out_len;
	size_t         want;                    /* bytes for the next input(); 1..HANDSHAKE_IN_MAX */
	uint8_t        in[HANDSHAKE_IN_MAX];    /* the kind's own collection */
	size_t         in_len;
	enum close_reason reason;               /* after HANDSHAKE_FAILED */
	bool           try_next;                /* ... whether another proxy may do better */
};

enum handshake_status { HANDSHAKE_MORE, HANDSHAKE_DONE, HANDSHAKE_FAILED };

struct handshake_ops {
	const char *name;       /* "socks5", "http" */
	/* Writes the first words to out[] and sets want. */
	enum handshake_status (*start)(struct handshake *);
	/* exactly `want` bytes came. May write to out[] (out_len is 0 at the call). */
	enum handshake_status (*input)(struct handshake *, const uint8_t *, size_t);
};

extern const struct handshake_ops handshake_socks5, handshake_http;

#endif
