/*
 * handshake.h - the handshake with a proxy: a driver for sockets, and a pure state machine for each kind of proxy
 *               (bytes in, bytes out, no socket, no clock).
 *
 * The driver (handshake.c) sends out[], receives at most `want` bytes and passes them to input(). So replies in
 * one-byte pieces work, and payload right behind a reply stays in the socket.
 *
 * A kind that does not know the length of its reply sets `peek`: the driver then reads with MSG_PEEK, and removes the
 * number of bytes that input() put into `used`.
 *
 * Owner:   the caller owns the struct, and target.host until the handshake ends. out[] may hold a password: the driver
 *          wipes it once it is sent, handshake_wipe() at the end.
 * Errors:  HANDSHAKE_FAILED with reason and try_next.
 * Threads: one handshake belongs to one thread.
 */
#pragma once

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
	uint8_t        in[HANDSHAKE_IN_MAX];    /* the reply so far, kept by the kind */
	size_t         in_len;
	union addr     bound;                   /* BND.ADDR and BND.PORT of an association */
	bool           spoke;                   /* the proxy has answered in its protocol: a later timeout or close may
	                                         * be due to the target */
	bool           admitted;                /* the proxy has accepted us, and our username and password if it asks
	                                         * for them: a later refusal is about the target */
	enum close_reason reason;               /* after HANDSHAKE_FAILED */
	bool           try_next;                /* after HANDSHAKE_FAILED: another proxy may succeed */
};

enum handshake_status { HANDSHAKE_MORE, HANDSHAKE_DONE, HANDSHAKE_FAILED };

struct handshake_ops {
	/* Writes the first message to out[] and sets want. */
	enum handshake_status (*start)(struct handshake *);
	/* Takes 1..want received bytes. May write to out[] (out_len is 0 at the call). */
	enum handshake_status (*input)(struct handshake *, const uint8_t *, size_t);
};

/* Clears *hs and begins. HANDSHAKE_FAILED: this kind of proxy cannot reach the target. */
enum handshake_status handshake_begin(struct handshake *hs, const struct conf_proxy *, const struct target *);

/* Sends out[] if it is not empty, else receives once. HANDSHAKE_MORE: call it again when fd is writable if
 * handshake_is_sending(), else when it is readable. fd: connected, non-blocking. */
enum handshake_status handshake_go_on(struct handshake *, int fd);
bool handshake_is_sending(const struct handshake *);

/* Sets reason and try_next and returns HANDSHAKE_FAILED: for kinds, and for callers after a timeout. */
static inline enum handshake_status
handshake_fail(struct handshake *hs, enum close_reason reason, bool try_next)
{
	hs->reason = reason;
	hs->try_next = try_next;
	return HANDSHAKE_FAILED;
}

/* True when a failed handshake is the fault of the proxy, not of the target. */
bool handshake_blames_proxy(const struct handshake *);

void handshake_wipe(struct handshake *);
