#include "config.h"

#include "worker/relay/relay_pair.h"

#include "worker/relay/relay.h"

#include <ev.h>
#include <sys/socket.h>

#include <assert.h>
#include <stdatomic.h>
#include <unistd.h>

enum { CLIENT, SERVER };        /* a side; !side is the other one */

/* half[CLIENT] reads from the client, half[SERVER] from the server. */
struct relay_pair {
	struct ev_loop    *loop;
	relay_done_cb     *cb;
	void              *arg;
	struct relay_limits limits;
	struct relay_count *count;
	int                fds[2];
	struct relay_half  half[2];
	int                want[2];     /* of each half */
	ev_io              io[2];       /* on each descriptor */
	ev_timer           timer;
	double             began, last; /* last: when bytes moved */
	double             first_byte_s;
};

static void
relay_pair_count(struct relay_pair *pair)
{
	if (pair->count == NULL)
		return;
	atomic_store_explicit(&pair->count->out, pair->half[CLIENT].bytes, memory_order_relaxed);
	atomic_store_explicit(&pair->count->in, pair->half[SERVER].bytes, memory_order_relaxed);
}

/* RFC 9293 section 3.10.4, ABORT: with it, close(2) sends RST. It is on until both sides have finished: if this process
 * is killed, neither side takes a truncated transfer for a complete one. */
static void
relay_pair_arm_reset(int fd, bool on)
{
	struct linger now = { .l_onoff = on, .l_linger = 0 };

	setsockopt(fd, SOL_SOCKET, SO_LINGER, &now, sizeof(now));
}

void
relay_pair_stop(struct relay_pair *pair, enum close_reason reason)
{
	struct relay_result result = { .out = pair->half[CLIENT].bytes, .in = pair->half[SERVER].bytes,
		.first_byte_s = pair->first_byte_s, .reason = reason };

	ev_timer_stop(pair->loop, &pair->timer);
	for (int side = CLIENT; side <= SERVER; side++) {
		ev_io_stop(pair->loop, &pair->io[side]);
		relay_half_end(&pair->half[side]);
		relay_pair_arm_reset(pair->fds[side], reason != CLOSE_DONE);
		close(pair->fds[side]);
	}
	pair->cb(pair->arg, &result);
	free(pair);
}

static bool
relay_pair_half_open(const struct relay_pair *pair)
{
	return pair->half[CLIENT].done || pair->half[SERVER].done;
}

static double
relay_pair_limit(const struct relay_pair *pair)
{
	return relay_pair_half_open(pair) ? pair->limits.half_open : pair->limits.idle;
}

/* Moving bytes does not restart the timer. When it fires, it looks at the time since bytes moved. */
static void
relay_pair_arm_timer(struct relay_pair *pair)
{
	double left = pair->last + relay_pair_limit(pair) - ev_now(pair->loop);

	ev_timer_stop(pair->loop, &pair->timer);
	ev_timer_set(&pair->timer, left > 0 ? left : 0., 0.);
	ev_timer_start(pair->loop, &pair->timer);
}

static void
relay_pair_timer_cb(struct ev_loop *loop, ev_timer *timer, int revents)
{
	struct relay_pair *pair = timer->data;

	if (ev_now(loop) - pair->last >= relay_pair_limit(pair))
		relay_pair_stop(pair, CLOSE_IDLE);
	else
		relay_pair_arm_timer(pair);
}

/* Derives the events to wait for, on both descriptors, from the wants of both halves. Nothing else starts a watcher. */
static void
relay_pair_watch(struct relay_pair *pair)
{
	int any = 0;

	for (int side = CLIENT; side <= SERVER; side++) {
		ev_io *io = &pair->io[side];
		int events = (pair->want[side] & RELAY_READ ? EV_READ : 0) |
		    (pair->want[!side] & RELAY_WRITE ? EV_WRITE : 0);

		any |= events;
		if (ev_is_active(io) ? (io->events & (EV_READ | EV_WRITE)) == events : events == 0)
			continue;
		ev_io_stop(pair->loop, io);
		ev_io_set(io, pair->fds[side], events);
		if (events != 0)
			ev_io_start(pair->loop, io);
	}
	assert(any != 0);
}

/* Ends the pair after a side broke; the other side gets RST. A side that no longer accepts bytes may have sent a last
 * message (an error text before it closed), which is passed on first. */
static void
relay_pair_broken(struct relay_pair *pair, int reader, enum relay_status status)
{
	const int broken = status == RELAY_FROM_RESET ? reader : !reader;

	if (status == RELAY_TO_RESET)
		relay_pump(&pair->half[broken], &pair->want[broken]);
	relay_pair_stop(pair, broken == CLIENT ? CLOSE_CLIENT_RESET : CLOSE_SERVER_RESET);
}

static void
relay_pair_io_cb(struct ev_loop *loop, ev_io *io, int revents)
{
	struct relay_pair *pair = io->data;
	const int side = io == &pair->io[CLIENT] ? CLIENT : SERVER;
	bool was_half_open = relay_pair_half_open(pair), woken[2];

	pair->last = ev_now(loop);
	woken[side] = revents & EV_READ;
	woken[!side] = revents & EV_WRITE;
	for (int reader = CLIENT; reader <= SERVER; reader++) {
		enum relay_status status = RELAY_WAIT;

		if (woken[reader])
			status = relay_pump(&pair->half[reader], &pair->want[reader]);
		if (status == RELAY_FROM_RESET || status == RELAY_TO_RESET) {
			relay_pair_broken(pair, reader, status);
			return;
		}
	}
	relay_pair_count(pair);
	if (pair->first_byte_s == 0 && pair->half[SERVER].bytes > 0)
		pair->first_byte_s = pair->last - pair->began;
	if (pair->half[CLIENT].done && pair->half[SERVER].done) {
		relay_pair_stop(pair, CLOSE_DONE);
		return;
	}
	if (!was_half_open && relay_pair_half_open(pair))
		relay_pair_arm_timer(pair);
	relay_pair_watch(pair);
}

struct relay_pair *
relay_pair_start(struct ev_loop *loop, int client_fd, int server_fd, struct buffer *initial,
    const struct relay_limits *limits, struct relay_count *count, relay_done_cb *cb, void *arg)
{
	struct relay_pair *pair = calloc(1, sizeof(*pair));

	if (pair == NULL)
		return NULL;
	pair->loop = loop;
	pair->cb = cb;
	pair->arg = arg;
	pair->limits = *limits;
	pair->count = count;
	pair->fds[CLIENT] = client_fd;
	pair->fds[SERVER] = server_fd;
	pair->began = pair->last = ev_now(loop);
	relay_half_init(&pair->half[CLIENT], relay_engines, client_fd, server_fd, initial);
	relay_half_init(&pair->half[SERVER], relay_engines, server_fd, client_fd, NULL);
	for (int side = CLIENT; side <= SERVER; side++) {
		pair->want[side] = RELAY_READ;
		relay_pair_arm_reset(pair->fds[side], true);
		ev_io_init(&pair->io[side], relay_pair_io_cb, pair->fds[side], EV_READ);
		pair->io[side].data = pair;
	}
	if (buffer_len(&pair->half[CLIENT].pending) > 0)
		pair->want[CLIENT] = RELAY_WRITE;
	ev_init(&pair->timer, relay_pair_timer_cb);
	pair->timer.data = pair;
	relay_pair_arm_timer(pair);
	relay_pair_watch(pair);
	return pair;
}
