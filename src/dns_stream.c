#include "config.h"

#include "dns_stream.h"

#include <ev.h>
#include <sys/queue.h>

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "buffer.h"

#define HASH_NONFATAL_OOM 1
#define uthash_nonfatal_oom(elt) ((elt)->hh.tbl = NULL)
#include <uthash.h>

#define IDLE_S   30.0           /* a connection without queries is kept this long */
#define SILENT_S 2.0            /* a connection that says nothing for this long while asked may be dead */
#define SENT_MAX 2              /* a query is sent again once */
#define READ_MAX 16384
#define IN_MAX   (2 * (DNS_MESSAGE_MAX + 2))
#define OUT_MAX  (1u << 20)
#define ASKS_MAX 32768          /* of the 65,536 ids, so that a random one is soon free */

struct dns_ask {
	UT_hash_handle       hh;        /* stream->asks, by id */
	uint16_t             id;
	unsigned             sent;
	struct dns_stream   *stream;
	const uint8_t       *msg;
	size_t               len;
	const struct dns_question *question;
	dns_stream_cb       *cb;
	void                *arg;
};

/* Dialling: upstream is set; open: fd is; failed at once: neither, and the timer ends it. */
struct dns_stream {
	TAILQ_ENTRY(dns_stream)  link;
	struct dns_streams      *set;
	struct dns_route         route;         /* holds a reference of the policy */
	struct upstream         *upstream;
	const struct conf_proxy *proxy;
	int                      fd;
	ev_io                    io;
	ev_timer                 timer;
	struct buffer            in, out;
	struct dns_ask          *asks;
};

struct dns_streams {
	const struct upstream_env *env;
	TAILQ_HEAD(, dns_stream)   list;
};

static void stream_broken(struct dns_stream *);

struct dns_streams *
dns_streams_new(const struct upstream_env *env)
{
	struct dns_streams *set = calloc(1, sizeof(*set));

	if (set == NULL)
		return NULL;
	set->env = env;
	TAILQ_INIT(&set->list);
	return set;
}

static void
stream_disconnect(struct dns_stream *s)
{
	if (s->upstream != NULL)
		upstream_cancel(s->upstream);
	s->upstream = NULL;
	ev_io_stop(s->set->env->loop, &s->io);
	ev_timer_stop(s->set->env->loop, &s->timer);
	if (s->fd != -1)
		close(s->fd);
	s->fd = -1;
	buffer_free(&s->in);
	buffer_free(&s->out);
}

static void
stream_free(struct dns_stream *s)
{
	stream_disconnect(s);
	TAILQ_REMOVE(&s->set->list, s, link);
	policy_unref(s->route.policy);
	free(s);
}

void
dns_streams_free(struct dns_streams *set)
{
	if (set == NULL)
		return;
	while (!TAILQ_EMPTY(&set->list))
		stream_free(TAILQ_FIRST(&set->list));
	free(set);
}

void
dns_streams_close_idle(struct dns_streams *set)
{
	struct dns_stream *s, *next;

	for (s = TAILQ_FIRST(&set->list); s != NULL; s = next) {
		next = TAILQ_NEXT(s, link);
		if (s->asks == NULL)
			stream_free(s);
	}
}

/* What the timer waits for now: an answer, or the end of keeping. */
static void
stream_set_timer(struct dns_stream *s)
{
	s->timer.repeat = s->asks != NULL ? SILENT_S : IDLE_S;
	ev_timer_again(s->set->env->loop, &s->timer);
}

static void
stream_set_events(struct dns_stream *s)
{
	int events = EV_READ | (buffer_len(&s->out) > 0 ? EV_WRITE : 0);

	ev_io_stop(s->set->env->loop, &s->io);
	ev_io_set(&s->io, s->fd, events);
	ev_io_start(s->set->env->loop, &s->io);
}

/* Takes the ask off its stream and tells its owner. */
static void
ask_end(struct dns_ask *ask, struct dns_stream_result *result)
{
	HASH_DELETE(hh, ask->stream->asks, ask);
	result->proxy = ask->stream->proxy;
	ask->cb(ask->arg, result);
	free(ask);
}

/* Fails the asks that were sent at least that often. */
static void
stream_fail(struct dns_stream *s, unsigned sent, enum close_reason reason)
{
	struct dns_stream_result result = { .reason = reason };
	struct dns_ask *ask, *next;

	HASH_ITER(hh, s->asks, ask, next)
		if (ask->sent >= sent)
			ask_end(ask, &result);
}

/* Puts the query into the buffer: length 2 | message, with our id. */
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

/* One message; what answers nothing that was asked is ignored. */
static void
stream_message(struct dns_stream *s, const uint8_t *msg, size_t len)
{
	struct dns_stream_result result = { .reason = CLOSE_DONE, .msg = msg, .len = len };
	struct dns_ask *ask;
	uint16_t id;

	if (len < DNS_HEADER_LEN)
		return;
	id = (uint16_t)(msg[0] << 8 | msg[1]);
	HASH_FIND(hh, s->asks, &id, sizeof(id), ask);
	if (ask == NULL || dns_answer_parse(msg, len, id, ask->question, &result.answer) != 0)
		return;
	ask_end(ask, &result);
}

static void
stream_messages(struct dns_stream *s)
{
	while (buffer_len(&s->in) >= 2) {
		const uint8_t *data = buffer_data(&s->in);
		size_t len = (size_t)(data[0] << 8 | data[1]);

		if (buffer_len(&s->in) < len + 2)
			return;
		stream_message(s, data + 2, len);
		buffer_consume(&s->in, len + 2);
	}
}

/* 0; EAGAIN: nothing more for now; EPIPE: end of file; other errno. */
static int
stream_read(struct dns_stream *s)
{
	uint8_t *to = buffer_reserve(&s->in, READ_MAX);
	ssize_t n;

	if (to == NULL)
		return ENOMEM;
	n = read(s->fd, to, READ_MAX);
	if (n == -1)
		return errno == EWOULDBLOCK || errno == EINTR ? EAGAIN : errno;
	if (n == 0)
		return EPIPE;
	buffer_commit(&s->in, (size_t)n);
	return 0;
}

static int
stream_write(struct dns_stream *s)
{
	ssize_t n = write(s->fd, buffer_data(&s->out), buffer_len(&s->out));

	if (n == -1)
		return errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR ? 0 : errno;
	buffer_consume(&s->out, (size_t)n);
	return 0;
}

static void
stream_io_cb(struct ev_loop *loop, ev_io *w, int revents)
{
	struct dns_stream *s = w->data;
	int error = 0;

	(void)loop;
	if (revents & EV_READ) {
		error = stream_read(s);
		if (error == 0) {
			stream_messages(s);
			stream_set_timer(s);
		}
	}
	if ((error == 0 || error == EAGAIN) && (revents & EV_WRITE))
		error = stream_write(s);
	if (error != 0 && error != EAGAIN)
		stream_broken(s);
	else
		stream_set_events(s);
}

static void
stream_dialled_cb(void *arg, const struct upstream_result *result)
{
	struct dns_stream *s = arg;
	struct dns_ask *ask, *next;

	s->upstream = NULL;
	s->proxy = result->proxy;
	s->fd = result->fd;
	if (s->fd == -1) {
		stream_fail(s, 0, result->reason);
		stream_free(s);
		return;
	}
	HASH_ITER(hh, s->asks, ask, next)
		if (stream_send(s, ask) != 0)
			ask_end(ask, &(struct dns_stream_result){ .reason = CLOSE_LIMIT });
	stream_set_events(s);
	stream_set_timer(s);
}

static void
stream_dial(struct dns_stream *s)
{
	const struct target target = { .addr = s->route.server, .port = addr_port(&s->route.server) };

	s->upstream = upstream_open(s->set->env, s->route.policy, s->route.proxies, s->route.nproxies,
	    &target, stream_dialled_cb, s);
	if (s->upstream == NULL) {
		s->timer.repeat = 0.001;
		ev_timer_again(s->set->env->loop, &s->timer);
	}
}

/* The connection is of no use any more: asks that may be sent again go to a new one. */
static void
stream_broken(struct dns_stream *s)
{
	stream_disconnect(s);
	stream_fail(s, SENT_MAX, CLOSE_SERVER_RESET);
	if (s->asks == NULL)
		stream_free(s);
	else
		stream_dial(s);
}

/* After silence, is everything still allowed to be sent again? */
static bool
stream_can_resend(const struct dns_stream *s)
{
	for (const struct dns_ask *ask = s->asks; ask != NULL; ask = ask->hh.next)
		if (ask->sent >= SENT_MAX)
			return false;
	return true;
}

static void
stream_timer_cb(struct ev_loop *loop, ev_timer *w, int revents)
{
	struct dns_stream *s = w->data;

	(void)loop, (void)revents;
	if (s->fd == -1) {
		stream_fail(s, 0, CLOSE_ERROR);
		stream_free(s);
	} else if (stream_can_resend(s))
		stream_broken(s);
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
	struct dns_stream *s;

	TAILQ_FOREACH(s, &set->list, link)
		if (route_same(&s->route, route) && HASH_COUNT(s->asks) < ASKS_MAX)
			return s;
	s = calloc(1, sizeof(*s));
	if (s == NULL)
		return NULL;
	s->set = set;
	s->fd = -1;
	s->route = *route;
	policy_ref(route->policy);
	buffer_init(&s->in, IN_MAX);
	buffer_init(&s->out, OUT_MAX);
	ev_init(&s->io, stream_io_cb);
	ev_init(&s->timer, stream_timer_cb);
	s->io.data = s->timer.data = s;
	TAILQ_INSERT_TAIL(&set->list, s, link);
	stream_dial(s);
	return s;
}

static uint16_t
stream_free_id(struct dns_stream *s)
{
	struct dns_ask *taken;
	uint16_t id;

	do {
		id = (uint16_t)arc4random_uniform(65536);
		HASH_FIND(hh, s->asks, &id, sizeof(id), taken);
	} while (taken != NULL);
	return id;
}

struct dns_ask *
dns_ask_new(struct dns_streams *set, const struct dns_route *route, const uint8_t *msg, size_t len,
    const struct dns_question *question, dns_stream_cb *cb, void *arg)
{
	struct dns_stream *s = stream_get(set, route);
	struct dns_ask *ask = calloc(1, sizeof(*ask));
	bool first;

	if (s == NULL || ask == NULL)
		goto fail;
	first = s->asks == NULL;
	*ask = (struct dns_ask){ .id = stream_free_id(s), .stream = s, .msg = msg, .len = len,
		.question = question, .cb = cb, .arg = arg };
	if (s->fd != -1 && stream_send(s, ask) != 0)
		goto fail;
	HASH_ADD(hh, s->asks, id, sizeof(ask->id), ask);
	if (ask->hh.tbl == NULL)
		goto fail;
	if (s->fd != -1) {
		stream_set_events(s);
		if (first)
			stream_set_timer(s);
	}
	return ask;
fail:
	free(ask);
	return NULL;
}

void
dns_ask_cancel(struct dns_ask *ask)
{
	struct dns_stream *s = ask->stream;

	HASH_DELETE(hh, s->asks, ask);
	free(ask);
	if (s->asks == NULL && s->fd != -1)
		stream_set_timer(s);
}
