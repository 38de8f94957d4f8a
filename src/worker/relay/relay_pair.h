/*
 * relay_pair.h - relays a pair of connected sockets in both directions, on one loop.
 *
 * Owner:   relay_pair_start() takes both descriptors over and closes them at the end: with FIN if both directions are
 *          done, else with RST (a side was reset, the pair was idle or stopped).
 * Units:   seconds; bytes.
 * Threads: the thread of the loop. Only struct relay_count may be read by another one.
 */
#pragma once

#include "base/buffer.h"
#include "base/flow.h"

struct ev_loop;
struct relay_pair;

/* The longest time without a byte moving: while both directions are open, and after one has ended. */
struct relay_limits { double idle, half_open; };

struct relay_result {
	uint64_t  out, in;      /* bytes from client to server, and back */
	double    first_byte_s; /* from the start to the server's first byte; 0: there was none */
	enum close_reason reason;
};

/* Byte counts so far. */
struct relay_count { _Atomic uint64_t out, in; };

/* Called once, from the loop; the pair is gone afterwards. */
typedef void relay_done_cb(void *arg, const struct relay_result *);

/* initial: bytes already read from the client (moved out of the buffer); may be NULL. count: kept up to date; may be
 * NULL. NULL: no memory, nothing was taken over. */
struct relay_pair *relay_pair_start(struct ev_loop *, int client_fd, int server_fd, struct buffer *initial,
    const struct relay_limits *, struct relay_count *count, relay_done_cb *, void *arg);

/* Ends the pair now, both sides with RST; cb is called before this returns. */
void relay_pair_stop(struct relay_pair *, enum close_reason);
