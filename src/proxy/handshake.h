/*
 * handshake.h - what a kind of proxy says before it passes bytes on: one table of functions
 *               a kind. Each is a pure machine: bytes in, bytes out, no socket and no clock.
 *
 * The driver (handshake.c) sends out[], reads what has arrived but never more than `want` bytes,
 * and calls input() with it. So a reply in one-byte pieces and a reply with payload glued to it
 * both work: not one byte beyond the handshake is ever taken from the socket.
 *
 * A kind that cannot know the length of its reply sets `peek`: the driver then only looks at the
 * bytes (MSG_PEEK) and afterwards takes as many as input() put into `used`.
 *
 * Owner:  the caller of the driver owns the struct, and target.host meanwhile; out[] may hold a
 *         password and is wiped by the driver as soon as it is sent, and by handshake_wipe().
 */
#ifndef PFI_HANDSHAKE_H
#define PFI_HANDSHAKE_H

#include "base/flow.h"
#include "conf/conf.h"
#include "proxy/target.h"

#define HANDSHAKE_OUT_MAX 2048          /* HTTP CONNECT with two long Basic fields */
#define HANDSHAKE_IN_MAX  8192          /* the largest HTTP reply head we accept */

struct handshake {
	const struct handshake_ops *ops;
	const struct conf_proxy *proxy;
	struct target  target;
	int            state;                   /* the kind's own enum */
	uint8_t        out[HANDSHAKE_OUT_MAX];
	size_t         out_len, sent;
	size_t         want;                    /* the most bytes for the next input(); 1..HANDSHAKE_IN_MAX */
	bool           peek;                    /* input() says in `used` how many of them it took */
	size_t         used;                    /* 1..the length given, with peek only */
	uint8_t        in[HANDSHAKE_IN_MAX];    /* the kind's own collection */
	size_t         in_len;
	union addr     bound;                   /* BND.ADDR and BND.PORT of an association */
	bool           spoke;                   /* the proxy has answered in its own protocol: a later
	                                         * silence or close may be about the target */
	bool           admitted;                /* the proxy has accepted us, with username and password where it wants
	                                         * them: what it refuses later is the target */
	enum close_reason reason;               /* after HANDSHAKE_FAILED */
	bool           try_next;                /* ... whether another proxy may do better */
};

enum handshake_status { HANDSHAKE_MORE, HANDSHAKE_DONE, HANDSHAKE_FAILED };

struct handshake_ops {
	/* Writes the first words to out[] and sets want. */
	enum handshake_status (*start)(struct handshake *);
	/* 1..want bytes came. May write to out[] (out_len is 0 at the call). */
	enum handshake_status (*input)(struct handshake *, const uint8_t *, size_t);
};

/* Clears *hs and begins. HANDSHAKE_FAILED when nothing can be said about this target. */
enum handshake_status handshake_begin(struct handshake *hs, const struct conf_proxy *, const struct target *);

/* Sends what is to be sent, else receives one portion. HANDSHAKE_MORE: call again when fd is
 * writable (handshake_is_sending()), else readable. fd: connected, non-blocking. */
enum handshake_status handshake_go_on(struct handshake *, int fd);
bool handshake_is_sending(const struct handshake *);

/* Sets reason and try_next: for a kind, and to end it from outside (a time-out). HANDSHAKE_FAILED. */
static inline enum handshake_status
handshake_fail(struct handshake *hs, enum close_reason reason, bool try_next)
{
	hs->reason = reason;
	hs->try_next = try_next;
	return HANDSHAKE_FAILED;
}

/* After a failure: does it speak about the proxy itself, and not about the target? */
bool handshake_blames_proxy(const struct handshake *);

void handshake_wipe(struct handshake *);

#endif
