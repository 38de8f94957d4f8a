#include "config.h"

#include "worker/relay/relay_pool.h"

#include <sys/queue.h>

#include <ev.h>

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* One pair. What is below "locked" changes hands under pool->lock; pair is the thread's alone. */
struct relay_job {
	struct relay_pool     *all;
	struct thread     *thread;
	int                client_fd, server_fd;
	struct buffer      initial;
	struct relay_limits limits;
	struct relay_count  count;
	relay_done_cb           *cb;
	void              *arg;
	struct relay_pair *pair;
	struct relay_result result;
	/* locked: */
	TAILQ_ENTRY(relay_job) next;    /* thread->todo, or pool->done */
	bool               queued;      /* in thread->todo */
	bool               started, stop, ended;
};

TAILQ_HEAD(relay_jobs, relay_job);

struct thread {
	struct relay_pool      *all;
	pthread_t           id;
	struct ev_loop     *loop;
	ev_async            wake;
	size_t              load;       /* pairs; the deciding thread's count */
	/* locked: */
	struct relay_jobs  todo;
	bool                quit;
};

struct relay_pool {
	struct ev_loop     *loop;
	ev_async            wake;
	pthread_mutex_t     lock;
	pthread_cond_t      ended;      /* a pair has: for relay_pool_stop() */
	struct relay_jobs  done;       /* locked */
	size_t              nthreads;
	struct thread       threads[];
};

/* In the thread, from relay_pair.h. */
static void
thread_moved_cb(void *arg, const struct relay_result *result)
{
	struct relay_job *m = arg;
	struct relay_pool *all = m->all;

	pthread_mutex_lock(&all->lock);
	m->result = *result;
	m->ended = true;
	if (m->queued)
		TAILQ_REMOVE(&m->thread->todo, m, next);
	m->queued = false;
	TAILQ_INSERT_TAIL(&all->done, m, next);
	pthread_cond_broadcast(&all->ended);
	pthread_mutex_unlock(&all->lock);
	ev_async_send(all->loop, &all->wake);
}

static void
thread_start(struct relay_job *m)
{
	const struct relay_result none = { .reason = CLOSE_ERROR };

	m->pair = relay_pair_start(m->thread->loop, m->client_fd, m->server_fd, &m->initial, &m->limits, &m->count,
	    thread_moved_cb, m);
	if (m->pair != NULL)
		return;
	close(m->client_fd);
	close(m->server_fd);
	thread_moved_cb(m, &none);
}

/* What the deciding thread wants done with m, in order. */
static void
thread_do(struct relay_job *m, bool start, bool stop, enum close_reason reason)
{
	if (start)
		thread_start(m);
	if (stop && m->pair != NULL)
		relay_pair_stop(m->pair, reason);
}

static void
thread_wake_cb(struct ev_loop *loop, ev_async *w, int revents)
{
	struct thread *t = w->data;
	struct relay_job *m;
	enum close_reason reason;
	bool start, stop;

	pthread_mutex_lock(&t->all->lock);
	while ((m = TAILQ_FIRST(&t->todo)) != NULL) {
		TAILQ_REMOVE(&t->todo, m, next);
		m->queued = false;
		start = !m->started;
		stop = m->stop;
		reason = m->result.reason;
		m->started = true;
		pthread_mutex_unlock(&t->all->lock);
		thread_do(m, start, stop, reason);
		pthread_mutex_lock(&t->all->lock);
	}
	if (t->quit)
		ev_break(loop, EVBREAK_ALL);
	pthread_mutex_unlock(&t->all->lock);
}

static void *
thread_run(void *arg)
{
	struct thread *t = arg;

	ev_run(t->loop, 0);
	return NULL;
}

/* Signals are for the thread that decides. */
static int
thread_open(struct relay_pool *all, struct thread *t)
{
	sigset_t every, before;
	int error;

	t->all = all;
	TAILQ_INIT(&t->todo);
	t->loop = ev_loop_new(PFI_EV_FLAGS);
	if (t->loop == NULL)
		return ENOMEM;
	ev_async_init(&t->wake, thread_wake_cb);
	t->wake.data = t;
	ev_async_start(t->loop, &t->wake);
	sigfillset(&every);
	pthread_sigmask(SIG_SETMASK, &every, &before);
	error = pthread_create(&t->id, NULL, thread_run, t);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	if (error != 0)
		ev_loop_destroy(t->loop);
	return error;
}

static void
thread_close(struct thread *t)
{
	pthread_mutex_lock(&t->all->lock);
	t->quit = true;
	pthread_mutex_unlock(&t->all->lock);
	ev_async_send(t->loop, &t->wake);
	pthread_join(t->id, NULL);
	ev_loop_destroy(t->loop);
}

static void
thread_tell(struct relay_job *m)
{
	struct thread *t = m->thread;

	if (!m->queued)
		TAILQ_INSERT_TAIL(&t->todo, m, next);
	m->queued = true;
	ev_async_send(t->loop, &t->wake);
}

/* The pair has ended, and is in no list any more. */
static void
relay_job_finish(struct relay_job *m)
{
	m->thread->load--;
	m->cb(m->arg, &m->result);
	buffer_free(&m->initial);
	free(m);
}

static void
relay_pool_wake_cb(struct ev_loop *loop, ev_async *w, int revents)
{
	struct relay_pool *all = w->data;
	struct relay_job *m;

	pthread_mutex_lock(&all->lock);
	while ((m = TAILQ_FIRST(&all->done)) != NULL) {
		TAILQ_REMOVE(&all->done, m, next);
		pthread_mutex_unlock(&all->lock);
		relay_job_finish(m);
		pthread_mutex_lock(&all->lock);
	}
	pthread_mutex_unlock(&all->lock);
}

static unsigned
processors(void)
{
	const long n = sysconf(_SC_NPROCESSORS_ONLN);

	return n < 1 ? 1 : n > RELAY_POOL_MAX ? RELAY_POOL_MAX : (unsigned)n;
}

int
relay_pool_new(struct ev_loop *loop, unsigned threads, struct relay_pool **pool)
{
	const unsigned n = threads == 0 ? processors() : threads;
	struct relay_pool *all = calloc(1, sizeof(*all) + n * sizeof(all->threads[0]));
	int error = 0;

	if (all == NULL)
		return ENOMEM;
	all->loop = loop;
	TAILQ_INIT(&all->done);
	pthread_mutex_init(&all->lock, NULL);
	pthread_cond_init(&all->ended, NULL);
	ev_async_init(&all->wake, relay_pool_wake_cb);
	all->wake.data = all;
	ev_async_start(loop, &all->wake);
	while (all->nthreads < n && (error = thread_open(all, &all->threads[all->nthreads])) == 0)
		all->nthreads++;
	if (all->nthreads > 0) {
		*pool = all;
		return 0;
	}
	relay_pool_free(all);
	return error;
}

void
relay_pool_free(struct relay_pool *all)
{
	if (all == NULL)
		return;
	for (size_t i = 0; i < all->nthreads; i++)
		thread_close(&all->threads[i]);
	ev_async_stop(all->loop, &all->wake);
	pthread_cond_destroy(&all->ended);
	pthread_mutex_destroy(&all->lock);
	free(all);
}

struct relay_job *
relay_pool_start(struct relay_pool *all, int client_fd, int server_fd, struct buffer *initial, const struct relay_limits *limits,
    relay_done_cb *cb, void *arg)
{
	struct relay_job *m = calloc(1, sizeof(*m));

	if (m == NULL)
		return NULL;
	m->all = all;
	m->thread = &all->threads[0];
	for (size_t i = 1; i < all->nthreads; i++)
		if (all->threads[i].load < m->thread->load)
			m->thread = &all->threads[i];
	m->thread->load++;
	m->client_fd = client_fd;
	m->server_fd = server_fd;
	buffer_init(&m->initial, 0);
	if (initial != NULL) {
		m->initial = *initial;
		buffer_init(initial, initial->max);
	}
	m->limits = *limits;
	m->cb = cb;
	m->arg = arg;
	pthread_mutex_lock(&all->lock);
	thread_tell(m);
	pthread_mutex_unlock(&all->lock);
	return m;
}

void
relay_pool_bytes(const struct relay_job *m, uint64_t *out, uint64_t *in)
{
	*out = atomic_load_explicit(&m->count.out, memory_order_relaxed);
	*in = atomic_load_explicit(&m->count.in, memory_order_relaxed);
}

void
relay_pool_stop(struct relay_job *m, enum close_reason reason)
{
	struct relay_pool *all = m->all;

	pthread_mutex_lock(&all->lock);
	if (!m->ended) {
		m->stop = true;
		m->result.reason = reason;
		thread_tell(m);
	}
	while (!m->ended)
		pthread_cond_wait(&all->ended, &all->lock);
	TAILQ_REMOVE(&all->done, m, next);
	pthread_mutex_unlock(&all->lock);
	relay_job_finish(m);
}
