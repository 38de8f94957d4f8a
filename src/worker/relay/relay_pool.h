/*
 * relay_pool.h - the relay threads. Each relays its pairs (relay_pair.h) on a loop of its own, so that the thread that
 *                decides about flows never moves bytes.
 *
 * Owner:   relay_pool_new() starts the threads; relay_pool_free() ends them after the last pair. A struct relay_job is
 *          gone after its callback.
 * Units:   bytes.
 * Threads: all functions belong to the thread that made the pool; callbacks come from its loop.
 */
#pragma once

#include "worker/relay/relay_pair.h"

#define RELAY_POOL_MAX 64

struct relay_pool;
struct relay_job;               /* one pair */

/* threads: the number wanted, 0 for one for each processor; fewer if the system allows no more. 0 with *pool set, or an
 * errno value if not even one thread could be started. */
int relay_pool_new(struct ev_loop *, unsigned threads, struct relay_pool **pool);
void relay_pool_free(struct relay_pool *);

/* As relay_pair_start(): takes both descriptors over and moves the content of initial. NULL: no memory, nothing was
 * taken over. */
struct relay_job *relay_job_start(struct relay_pool *, int client_fd, int server_fd, struct buffer *initial,
    const struct relay_limits *, relay_done_cb *, void *arg);

/* Byte counts so far. */
void relay_job_bytes(const struct relay_job *, uint64_t *out, uint64_t *in);

/* Ends the pair now, both sides with RST; cb is called before this returns. */
void relay_job_stop(struct relay_job *, enum close_reason);
