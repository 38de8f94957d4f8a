/*
 * movers.h - the relay threads: each moves the bytes of the pairs that it was handed, in a loop of its own, by mover.h.
 *            The thread that hands over decides everything, and never moves bytes itself.
 *
 * All functions are called from the thread that made the movers; so are the callbacks, from its loop.
 *
 * Owner:   movers_new() starts the threads, movers_free() ends them when no pair is left. A struct moving ends with
 *          its callback.
 */
#ifndef PFI_MOVERS_H
#define PFI_MOVERS_H

#include "worker/relay/mover.h"

#define MOVERS_MAX 64

struct movers;
struct moving;

/* threads 0: one for each processor. NULL: no memory, or no thread. */
struct movers *movers_new(struct ev_loop *, unsigned threads);
void movers_free(struct movers *);

/* As mover_start(): takes both descriptors over, and moves initial's content. NULL: no memory, nothing was taken over. */
struct moving *movers_start(struct movers *, int client_fd, int server_fd, struct buffer *initial,
    const struct move_limits *, move_cb *, void *arg);

/* Byte counts so far. */
void movers_bytes(const struct moving *, uint64_t *out, uint64_t *in);

/* Ends it now, both sides with RST; cb is called before this returns. */
void movers_stop(struct moving *, enum close_reason);

#endif
