#include "config.h"

#include "worker/relay/relay_pair.h"

#include "worker/relay/relay.h"

#include <ev.h>
#include <sys/socket.h>

#include <assert.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <unistd.h>

enum { CLIENT, SERVER };         /* a side; the other one is its ! */

/* half[CLIENT] reads from the client, half[SERVER] from the server. */
struct relay_pair {
	struct ev_loop    *loop;
	relay_done_cb           *cb;
	void              *arg;
	struct relay_limits limits;
	struct relay_count *count;
	int                fds[2];
	struct relay_half  half[2];
	int                want[2];     /* of each half */
	ev_io              io[2];       /* on each descriptor */
	ev_timer           timer;
	double             began, last; /* last: when something moved */
	double             first_byte_s;
};

static void
relay_pair_count(struct relay_pair *m)
{
	if (m->count == NULL)
		return;
	atomic_store_explicit(&m->count->out, m->half[CLIENT].bytes, memory_order_relaxed);
	atomic_store_explicit(&m->count->in, m->half[SERVER].bytes, memory_order_relaxed);
}

/* RFC 9293 section 3.10.4, ABORT: on, close(2) sends RST. It is on until both sides have finished, so that the
 * kernel does not pass a cut transfer off as a whole one should this process be killed. */
static void
relay_pair_arm_reset(int fd, bool on)
{
	struct linger now = { .l_onoff = on, .l_linger = 0 };

	setsockopt(fd, SOL_SOCKET, SO_LINGER, &now, sizeof(now));
}

void
relay_pair_stop(struct relay_pair *m, enum close_reason reason)
{
	struct relay_result result = { .out = m->half[CLIENT].bytes, .in = m->half[SERVER].bytes,
		.first_byte_s = m->first_byte_s, .reason = reason };

	ev_timer_stop(m->loop, &m->timer);
	for (int side = CLIENT; side <= SERVER; side++) {
		ev_io_stop(m->loop, &m->io[side]);
		relay_half_end(&m->half[side]);
		relay_pair_arm_reset(m->fds[side], reason != CLOSE_DONE);
		close(m->fds[side]);
	}
	m->cb(m->arg, &result);
	free(m);
}

static bool
relay_pair_half_open(const struct relay_pair *m)
{
	return m->half[CLIENT].done || m->half[SERVER].done;
}

static double
relay_pair_limit(const struct relay_pair *m)
{
	return relay_pair_half_open(m) ? m->limits.half_open : m->limits.idle;
}

/* The timer is not touched when bytes move; when it fires it looks how long ago that was. */
static void
relay_pair_arm_timer(struct relay_pair *m)
{
	double left = m->last + relay_pair_limit(m) - ev_now(m->loop);

	ev_timer_stop(m->loop, &m->timer);
	ev_timer_set(&m->timer, left > 0 ? left : 0., 0.);
	ev_timer_start(m->loop, &m->timer);
}

static void
relay_pair_on_timer(struct ev_loop *loop, ev_timer *timer, int revents)
{
	struct relay_pair *m = timer->data;

	if (ev_now(loop) - m->last >= relay_pair_limit(m))
		relay_pair_stop(m, CLOSE_IDLE);
	else
		relay_pair_arm_timer(m);
}

/* The only place that decides which events wake us: what is read from a side, and what is written to it. */
static void
relay_pair_watch(struct relay_pair *m)
{
	int any = 0;

	for (int side = CLIENT; side <= SERVER; side++) {
		ev_io *io = &m->io[side];
		int events = (m->want[side] & RELAY_READ ? EV_READ : 0) |
		    (m->want[!side] & RELAY_WRITE ? EV_WRITE : 0);

		any |= events;
		if (ev_is_active(io) ? (io->events & (EV_READ | EV_WRITE)) == events : events == 0)
			continue;
		ev_io_stop(m->loop, io);
		ev_io_set(io, m->fds[side], events);
		if (events != 0)
			ev_io_start(m->loop, io);
	}
	assert(any != 0);
}

/* The side that broke; the other one learns it by RST. The last words of a side that no longer
 * takes bytes (an error message before it closed) may still be there to be passed on. */
static void
relay_pair_broken(struct relay_pair *m, int reader, enum relay_status status)
{
	const int broken = status == RELAY_FROM_RESET ? reader : !reader;

	if (status == RELAY_TO_RESET)
		relay_pump(&m->half[broken], &m->want[broken]);
	relay_pair_stop(m, broken == CLIENT ? CLOSE_CLIENT_RESET : CLOSE_SERVER_RESET);
}

static void
relay_pair_on_io(struct ev_loop *loop, ev_io *io, int revents)
{
	struct relay_pair *m = io->data;
	const int side = io == &m->io[CLIENT] ? CLIENT : SERVER;
	bool was_half_open = relay_pair_half_open(m), woken[2];

	m->last = ev_now(loop);
	woken[side] = revents & EV_READ;
	woken[!side] = revents & EV_WRITE;
	for (int reader = CLIENT; reader <= SERVER; reader++) {
		enum relay_status status = RELAY_WAIT;

		if (woken[reader])
			status = relay_pump(&m->half[reader], &m->want[reader]);
		if (status == RELAY_FROM_RESET || status == RELAY_TO_RESET) {
			relay_pair_broken(m, reader, status);
			return;
		}
	}
	relay_pair_count(m);
	if (m->first_byte_s == 0 && m->half[SERVER].bytes > 0)
		m->first_byte_s = m->last - m->began;
	if (m->half[CLIENT].done && m->half[SERVER].done) {
		relay_pair_stop(m, CLOSE_DONE);
		return;
	}
	if (!was_half_open && relay_pair_half_open(m))
		relay_pair_arm_timer(m);
	relay_pair_watch(m);
}

struct relay_pair *
relay_pair_start(struct ev_loop *loop, int client_fd, int server_fd, struct buffer *initial,
    const struct relay_limits *limits, struct relay_count *count, relay_done_cb *cb, void *arg)
{
	struct relay_pair *m = calloc(1, sizeof(*m));

	if (m == NULL)
		return NULL;
	m->loop = loop;
	m->cb = cb;
	m->arg = arg;
	m->limits = *limits;
	m->count = count;
	m->fds[CLIENT] = client_fd;
	m->fds[SERVER] = server_fd;
	m->began = m->last = ev_now(loop);
	relay_half_init(&m->half[CLIENT], client_fd, server_fd, initial);
	relay_half_init(&m->half[SERVER], server_fd, client_fd, NULL);
	for (int side = CLIENT; side <= SERVER; side++) {
		m->want[side] = RELAY_READ;
		relay_pair_arm_reset(m->fds[side], true);
		ev_io_init(&m->io[side], relay_pair_on_io, m->fds[side], EV_READ);
		m->io[side].data = m;
	}
	if (buffer_len(&m->half[CLIENT].pending) > 0)
		m->want[CLIENT] = RELAY_WRITE;
	ev_init(&m->timer, relay_pair_on_timer);
	m->timer.data = m;
	relay_pair_arm_timer(m);
	relay_pair_watch(m);
	return m;
}
