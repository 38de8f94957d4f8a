/*
 * relay_pool.h - the relay threads: each moves the bytes of the pairs that it was handed, in a loop of its own, by relay_pair.h.
 *            The thread that hands over decides everything, and never moves bytes itself.
 *
 * All functions are called from the thread that made the pool; so are the callbacks, from its loop.
 *
 * Owner:   relay_pool_new() starts the threads, relay_pool_free() ends them when no pair is left. A struct relay_job ends with
 *          its callback.
 */
#ifndef PFI_RELAY_POOL_H
#define PFI_RELAY_POOL_H

#include "worker/relay/relay_pair.h"

#define RELAY_POOL_MAX 64

struct relay_pool;
struct relay_job;

/* Starts so many threads, or as many as the system allows; threads 0: one for each processor. 0 and *pool; or the errno
 * value of why there is not even one. */
int relay_pool_new(struct ev_loop *, unsigned threads, struct relay_pool **pool);
void relay_pool_free(struct relay_pool *);

/* As relay_pair_start(): takes both descriptors over, and moves initial's content. NULL: no memory, nothing was taken over. */
struct relay_job *relay_pool_start(struct relay_pool *, int client_fd, int server_fd, struct buffer *initial,
    const struct relay_limits *, relay_done_cb *, void *arg);

/* Byte counts so far. */
void relay_pool_bytes(const struct relay_job *, uint64_t *out, uint64_t *in);

/* Ends it now, both sides with RST; cb is called before this returns. */
void relay_pool_stop(struct relay_job *, enum close_reason);

#endif
