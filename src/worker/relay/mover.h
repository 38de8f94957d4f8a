/*
 * mover.h - the hand-over point between deciding and moving: an established pair of sockets goes
 *           in, byte counts and the reason of its end come out.
 *
 * Owner:   mover_start() takes both descriptors over and closes them at the end: with FIN when both
 *          directions are done, else with RST (one side was reset, idle, stopped).
 * Units:   seconds.
 */
#ifndef PFI_MOVER_H
#define PFI_MOVER_H

#include "base/buffer.h"
#include "base/flow.h"

struct ev_loop;
struct move;

/* The longest time without a byte moving: while both directions are open, and after one has ended. */
struct move_limits { double idle, half_open; };

struct move_result {
	uint64_t          out, in;      /* bytes from client to server, and back */
	double            first_byte_s; /* from the start to the server's first byte; 0: there was none */
	enum close_reason reason;
};

/* Byte counts so far; may be read by another thread. */
struct move_count { _Atomic uint64_t out, in; };

/* Called once, from the loop; the move is gone afterwards. */
typedef void move_cb(void *arg, const struct move_result *);

/* initial: bytes already read from the client (moved out of the buffer); may be NULL. count: kept up to date; may be
 * NULL. NULL: no memory, nothing was taken over. */
struct move *mover_start(struct ev_loop *, int client_fd, int server_fd, struct buffer *initial,
    const struct move_limits *, struct move_count *count, move_cb *, void *arg);

/* Ends it now, both sides with RST; cb is called before this returns. */
void mover_stop(struct move *, enum close_reason);

#endif
