#include "config.h"

#define HASH_NONFATAL_OOM 1
#include "base/hash.h"
#include "worker/dns/dns_stream.h"

#include <ev.h>

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/buffer.h"
#include "wire/dns_query.h"

#define IDLE_S   30.0           /* how long a connection without queries is kept */
#define SILENT_S 2.0            /* a connection that owes answers may be dead after this silence */
#define SENT_MAX 2              /* each query is sent again at most once */
#define READ_MAX 16384
#define IN_MAX   (2 * (DNS_MESSAGE_MAX + 2))
#define OUT_MAX  (1u << 20)
#define ASKS_MAX 32768          /* half of the 65,536 ids, so that a free one is found soon */

/* One connection. While it dials, upstream is set; once open, io.fd. If dialling failed at once, neither is, and the
 * timer ends it. */
struct dns_stream {
	LIST_ENTRY(dns_stream)   link;
	struct dns_streams      *set;
	struct ev_loop          *loop;
	struct dns_route         route;         /* holds a reference of the policy */
	struct upstream         *upstream;
	const struct conf_proxy *proxy;
	ev_io                    io;            /* fd -1: not open */
	ev_timer                 timer;
	struct buffer            in, out;
	struct dns_ask          *asks;          /* by id */
};

/* Restarts the timer: for silence if answers are awaited, else for idleness. */
static void
stream_set_timer(struct dns_stream *s)
{
	s->timer.repeat = s->asks != NULL ? SILENT_S : IDLE_S;
	ev_timer_again(s->loop, &s->timer);
}

static void
stream_set_events(struct dns_stream *s)
{
	ev_io_stop(s->loop, &s->io);
	ev_io_set(&s->io, s->io.fd, EV_READ | (buffer_len(&s->out) > 0 ? EV_WRITE : 0));
	ev_io_start(s->loop, &s->io);
}

void
dns_ask_cancel(struct dns_ask *ask)
{
	struct dns_stream *s = ask->stream;

	if (s == NULL)
		return;
	HASH_DELETE(hh, s->asks, ask);
	ask->stream = NULL;
	if (s->asks == NULL && s->io.fd != -1)
		stream_set_timer(s);
}

/* Removes the ask from its stream and gives its owner the result. */
static void
ask_end(struct dns_ask *ask, struct dns_result *result)
{
	result->server = ask->stream->route.server;
	result->proxy = ask->stream->proxy;
	dns_ask_cancel(ask);
	ask->cb(ask->arg, result);
}

/* Closes the connection. Asks sent fewer than this many times go to a new one; the others fail. */
static void
stream_end(struct dns_stream *s, unsigned sent, enum close_reason reason)
{
	struct dns_result result = { .reason = reason, .server = s->route.server, .proxy = s->proxy };
	struct dns_ask *ask, *next;

	LIST_REMOVE(s, link);
	if (s->upstream != NULL)
		upstream_cancel(s->upstream);
	ev_io_stop(s->loop, &s->io);
	ev_timer_stop(s->loop, &s->timer);
	if (s->io.fd != -1)
		close(s->io.fd);
	s->io.fd = -1;
	HASH_ITER(hh, s->asks, ask, next) {
		dns_ask_cancel(ask);
		if (ask->sent >= sent || dns_ask_begin(s->set, &s->route, ask) != 0)
			ask->cb(ask->arg, &result);
	}
	buffer_free(&s->in);
	buffer_free(&s->out);
	policy_unref(s->route.policy);
	free(s);
}

void
dns_streams_close_idle(struct dns_streams *set)
{
	struct dns_stream *s, *next;

	for (s = LIST_FIRST(&set->list); s != NULL; s = next) {
		next = LIST_NEXT(s, link);
		if (s->asks == NULL)
			stream_end(s, 0, CLOSE_DONE);
	}
}

/* Buffers the query, with our id: length 2 | message. 0 or ENOBUFS. */
static int
stream_send(struct dns_stream *s, struct dns_ask *ask)
{
	uint8_t *to = buffer_reserve(&s->out, ask->len + 2);

	if (to == NULL)
		return ENOBUFS;
	to[0] = (uint8_t)(ask->len >> 8);
	to[1] = (uint8_t)ask->len;
	memcpy(to + 2, ask->msg, ask->len);
	dns_set_id(to + 2, ask->id);
	buffer_commit(&s->out, ask->len + 2);
	ask->sent++;
	return 0;
}

/* Ignores messages that do not answer an ask. */
static void
stream_message(struct dns_stream *s, uint8_t *msg, size_t len)
{
	struct dns_result result = { .reason = CLOSE_DONE, .msg = msg, .len = len };
	struct dns_ask *ask;
	uint16_t id;

	if (len < DNS_HEADER_LEN)
		return;
	id = (uint16_t)(msg[0] << 8 | msg[1]);
	HASH_FIND(hh, s->asks, &id, sizeof(id), ask);
	if (ask == NULL)
		return;
	if (ask->question == NULL ? dns_query_is_answered(ask->msg, msg) :
	    dns_answer_parse(msg, len, id, ask->question, &result.answer) == 0)
		ask_end(ask, &result);
}

static int
stream_read(struct dns_stream *s)
{
	int error = buffer_read(&s->in, s->io.fd, READ_MAX);

	while (buffer_len(&s->in) >= 2) {
		uint8_t *data = buffer_data(&s->in);
		size_t len = (size_t)(data[0] << 8 | data[1]);

		if (buffer_len(&s->in) < len + 2)
			break;
		stream_message(s, data + 2, len);
		buffer_consume(&s->in, len + 2);
	}
	stream_set_timer(s);
	return error;
}

static void
stream_dialled_cb(void *arg, const struct upstream_result *result)
{
	struct dns_stream *s = arg;
	struct dns_ask *ask, *next;

	s->upstream = NULL;
	s->proxy = result->proxy;
	s->io.fd = result->fd;
	if (result->fd == -1) {
		stream_end(s, 0, result->reason);
		return;
	}
	HASH_ITER(hh, s->asks, ask, next)
		if (stream_send(s, ask) != 0)
			ask_end(ask, &(struct dns_result){ .reason = CLOSE_LIMIT });
	stream_set_events(s);
	stream_set_timer(s);
}

static void
stream_io_cb(struct ev_loop *loop, ev_io *w, int revents)
{
	struct dns_stream *s = w->data;
	int error = 0;

	if (revents & EV_READ)
		error = stream_read(s);
	if (error == 0 && (revents & EV_WRITE))
		error = buffer_write(&s->out, s->io.fd);
	if (error != 0)
		stream_end(s, SENT_MAX, CLOSE_SERVER_RESET);
	else
		stream_set_events(s);
}

/* After silence opens the connection again, unless an ask has been sent SENT_MAX times. */
static void
stream_timer_cb(struct ev_loop *loop, ev_timer *w, int revents)
{
	struct dns_stream *s = w->data;

	if (s->io.fd == -1) {
		stream_end(s, 0, CLOSE_ERROR);
		return;
	}
	for (const struct dns_ask *ask = s->asks; ask != NULL; ask = ask->hh.next)
		if (ask->sent >= SENT_MAX)
			return;
	stream_end(s, SENT_MAX, CLOSE_SERVER_RESET);
}

static bool
route_same(const struct dns_route *a, const struct dns_route *b)
{
	return a->policy == b->policy && a->nproxies == b->nproxies && addr_equal(&a->server, &b->server) &&
	    (a->nproxies == 0 || memcmp(a->proxies, b->proxies, a->nproxies * sizeof(a->proxies[0])) == 0);
}

static struct dns_stream *
stream_get(struct dns_streams *set, const struct dns_route *route)
{
	const struct target target = { .addr = route->server, .port = addr_port(&route->server) };
	struct dns_stream *s;

	LIST_FOREACH(s, &set->list, link)
		if (route_same(&s->route, route) && HASH_COUNT(s->asks) < ASKS_MAX)
			return s;
	s = calloc(1, sizeof(*s));
	if (s == NULL)
		return NULL;
	s->set = set;
	s->loop = set->env->loop;
	s->route = *route;
	policy_ref(route->policy);
	buffer_init(&s->in, IN_MAX);
	buffer_init(&s->out, OUT_MAX);
	ev_io_init(&s->io, stream_io_cb, -1, EV_READ);
	ev_init(&s->timer, stream_timer_cb);
	s->io.data = s->timer.data = s;
	LIST_INSERT_HEAD(&set->list, s, link);
	s->upstream = upstream_open(set->env->upstream, route->policy, route->proxies, route->nproxies, &target,
	    stream_dialled_cb, s);
	if (s->upstream == NULL)
		ev_feed_event(s->loop, &s->timer, EV_TIMER);
	return s;
}

int
dns_ask_begin(struct dns_streams *set, const struct dns_route *route, struct dns_ask *ask)
{
	struct dns_stream *s = stream_get(set, route);
	struct dns_ask *taken;

	if (s == NULL)
		return ENOMEM;
	do {
		ask->id = (uint16_t)arc4random_uniform(65536);
		HASH_FIND(hh, s->asks, &ask->id, sizeof(ask->id), taken);
	} while (taken != NULL);
	if (s->io.fd != -1 && stream_send(s, ask) != 0)
		return ENOBUFS;
	HASH_ADD(hh, s->asks, id, sizeof(ask->id), ask);
	if (ask->hh.tbl == NULL)
		return ENOMEM;
	ask->stream = s;
	if (s->io.fd == -1)
		return 0;
	stream_set_events(s);
	if (HASH_COUNT(s->asks) == 1)
		stream_set_timer(s);
	return 0;
}
