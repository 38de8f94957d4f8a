#include "config.h"

#include "worker/relay/relay_pool.h"

#include <sys/queue.h>

#include <ev.h>

#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <unistd.h>

/* One pair. pool->lock guards the members below "locked"; the thread alone uses pair. */
struct relay_job {
	struct relay_pool  *pool;
	struct thread      *thread;
	int                 client_fd, server_fd;
	struct buffer       initial;
	struct relay_limits limits;
	struct relay_count  count;
	relay_done_cb      *cb;
	void               *arg;
	struct relay_pair  *pair;
	struct relay_result result;
	/* locked: */
	TAILQ_ENTRY(relay_job) next;    /* thread->todo, or pool->done */
	bool                queued;     /* in thread->todo */
	bool                started, stop, ended;
};

TAILQ_HEAD(relay_jobs, relay_job);

struct thread {
	struct relay_pool  *pool;
	pthread_t           id;
	struct ev_loop     *loop;
	ev_async            wake;
	size_t              load;       /* jobs; for the deciding thread */
	/* locked: */
	struct relay_jobs   todo;       /* to be started or stopped */
	bool                quit;
};

struct relay_pool {
	struct ev_loop     *loop;
	ev_async            wake;
	pthread_mutex_t     lock;
	pthread_cond_t      ended;      /* a job has ended: for relay_job_stop() */
	struct relay_jobs   done;       /* locked; ended jobs whose callback is due */
	size_t              nthreads;
	struct thread       threads[];
};

/* ---- in the relay thread ---- */

static void
job_done_cb(void *arg, const struct relay_result *result)
{
	struct relay_job *job = arg;
	struct relay_pool *pool = job->pool;

	pthread_mutex_lock(&pool->lock);
	job->result = *result;
	job->ended = true;
	if (job->queued)
		TAILQ_REMOVE(&job->thread->todo, job, next);
	job->queued = false;
	TAILQ_INSERT_TAIL(&pool->done, job, next);
	pthread_cond_broadcast(&pool->ended);
	pthread_mutex_unlock(&pool->lock);
	ev_async_send(pool->loop, &pool->wake);
}

static void
job_start_pair(struct relay_job *job)
{
	const struct relay_result none = { .reason = CLOSE_ERROR };

	job->pair = relay_pair_start(job->thread->loop, job->client_fd, job->server_fd, &job->initial, &job->limits,
	    &job->count, job_done_cb, job);
	if (job->pair != NULL)
		return;
	close(job->client_fd);
	close(job->server_fd);
	job_done_cb(job, &none);
}

/* Starts and stops the queued jobs. The lock is released meanwhile, because job_done_cb() takes it. */
static void
thread_wake_cb(struct ev_loop *loop, ev_async *w, int revents)
{
	struct thread *t = w->data;
	struct relay_job *job;
	enum close_reason reason;
	bool start, stop;

	pthread_mutex_lock(&t->pool->lock);
	while ((job = TAILQ_FIRST(&t->todo)) != NULL) {
		TAILQ_REMOVE(&t->todo, job, next);
		job->queued = false;
		start = !job->started;
		stop = job->stop;
		reason = job->result.reason;
		job->started = true;
		pthread_mutex_unlock(&t->pool->lock);
		if (start)
			job_start_pair(job);
		if (stop && job->pair != NULL)
			relay_pair_stop(job->pair, reason);
		pthread_mutex_lock(&t->pool->lock);
	}
	if (t->quit)
		ev_break(loop, EVBREAK_ALL);
	pthread_mutex_unlock(&t->pool->lock);
}

static void *
thread_run(void *arg)
{
	struct thread *t = arg;

	ev_run(t->loop, 0);
	return NULL;
}

/* ---- in the deciding thread ---- */

/* The new thread blocks all signals: they are for the deciding thread. 0 or an errno value. */
static int
thread_open(struct relay_pool *pool, struct thread *t)
{
	sigset_t every, before;
	int error;

	t->pool = pool;
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
	pthread_mutex_lock(&t->pool->lock);
	t->quit = true;
	pthread_mutex_unlock(&t->pool->lock);
	ev_async_send(t->loop, &t->wake);
	pthread_join(t->id, NULL);
	ev_loop_destroy(t->loop);
}

/* Queues the job for its thread. With the lock held. */
static void
job_queue(struct relay_job *job)
{
	struct thread *t = job->thread;

	if (!job->queued)
		TAILQ_INSERT_TAIL(&t->todo, job, next);
	job->queued = true;
	ev_async_send(t->loop, &t->wake);
}

/* Reports the end of a job that is in no list any more, and frees it. */
static void
job_finish(struct relay_job *job)
{
	job->thread->load--;
	job->cb(job->arg, &job->result);
	buffer_free(&job->initial);
	free(job);
}

static void
relay_pool_wake_cb(struct ev_loop *loop, ev_async *w, int revents)
{
	struct relay_pool *pool = w->data;
	struct relay_job *job;

	pthread_mutex_lock(&pool->lock);
	while ((job = TAILQ_FIRST(&pool->done)) != NULL) {
		TAILQ_REMOVE(&pool->done, job, next);
		pthread_mutex_unlock(&pool->lock);
		job_finish(job);
		pthread_mutex_lock(&pool->lock);
	}
	pthread_mutex_unlock(&pool->lock);
}

static unsigned
processors(void)
{
	const long n = sysconf(_SC_NPROCESSORS_ONLN);

	return n < 1 ? 1 : n > RELAY_POOL_MAX ? RELAY_POOL_MAX : (unsigned)n;
}

int
relay_pool_new(struct ev_loop *loop, unsigned threads, struct relay_pool **out)
{
	const unsigned n = threads == 0 ? processors() : threads;
	struct relay_pool *pool = calloc(1, sizeof(*pool) + n * sizeof(pool->threads[0]));
	int error = 0;

	if (pool == NULL)
		return ENOMEM;
	pool->loop = loop;
	TAILQ_INIT(&pool->done);
	pthread_mutex_init(&pool->lock, NULL);
	pthread_cond_init(&pool->ended, NULL);
	ev_async_init(&pool->wake, relay_pool_wake_cb);
	pool->wake.data = pool;
	ev_async_start(loop, &pool->wake);
	while (pool->nthreads < n && (error = thread_open(pool, &pool->threads[pool->nthreads])) == 0)
		pool->nthreads++;
	if (pool->nthreads > 0) {
		*out = pool;
		return 0;
	}
	relay_pool_free(pool);
	return error;
}

void
relay_pool_free(struct relay_pool *pool)
{
	if (pool == NULL)
		return;
	for (size_t i = 0; i < pool->nthreads; i++)
		thread_close(&pool->threads[i]);
	ev_async_stop(pool->loop, &pool->wake);
	pthread_cond_destroy(&pool->ended);
	pthread_mutex_destroy(&pool->lock);
	free(pool);
}

struct relay_job *
relay_job_start(struct relay_pool *pool, int client_fd, int server_fd, struct buffer *initial,
    const struct relay_limits *limits, relay_done_cb *cb, void *arg)
{
	struct relay_job *job = calloc(1, sizeof(*job));

	if (job == NULL)
		return NULL;
	*job = (struct relay_job){ .pool = pool, .thread = &pool->threads[0], .client_fd = client_fd,
		.server_fd = server_fd, .limits = *limits, .cb = cb, .arg = arg };
	for (size_t i = 1; i < pool->nthreads; i++)
		if (pool->threads[i].load < job->thread->load)
			job->thread = &pool->threads[i];
	job->thread->load++;
	if (initial != NULL) {
		job->initial = *initial;
		buffer_init(initial, initial->max);
	}
	pthread_mutex_lock(&pool->lock);
	job_queue(job);
	pthread_mutex_unlock(&pool->lock);
	return job;
}

void
relay_job_bytes(const struct relay_job *job, uint64_t *out, uint64_t *in)
{
	*out = atomic_load_explicit(&job->count.out, memory_order_relaxed);
	*in = atomic_load_explicit(&job->count.in, memory_order_relaxed);
}

void
relay_job_stop(struct relay_job *job, enum close_reason reason)
{
	struct relay_pool *pool = job->pool;

	pthread_mutex_lock(&pool->lock);
	if (!job->ended) {
		job->stop = true;
		job->result.reason = reason;
		job_queue(job);
	}
	while (!job->ended)
		pthread_cond_wait(&pool->ended, &pool->lock);
	TAILQ_REMOVE(&pool->done, job, next);
	pthread_mutex_unlock(&pool->lock);
	job_finish(job);
}
