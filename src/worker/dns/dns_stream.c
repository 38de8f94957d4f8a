#include "config.h"

#define HASH_NONFATAL_OOM 1
#include "base/hash.h"
#include "worker/dns/dns_stream.h"

#include <ev.h>

#include <unistd.h>

#include "base/buffer.h"
#include "base/log.h"
#include "wire/dns_query.h"

#define IDLE_S   30.0           /* how long a connection without queries is kept */
#define SILENT_S 2.0            /* a connection that owes answers may be dead after this silence */
#define SENT_MAX 2              /* each query is sent again at most once, */
#define SENT_ALONE 3            /* ... or twice, if it was never alone on its connection */
#define IGNORED  3              /* so many of the last queries must be unanswered to be taken for dropped */
#define READ_MAX 16384
#define IN_MAX   (2 * (DNS_MESSAGE_MAX + 2))
#define OUT_MAX  (1u << 20)
#define ASKS_MAX 32768          /* half of the 65,536 ids, so that a free one is found soon */

/* One connection. It may wait for its turn. While it dials, upstream is set; once open, io.fd. If dialling failed at
 * once, or all its asks have left while it waited, the timer ends it. */
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
	struct dns_ask          *asks;          /* by id; the oldest first */
	bool                     waits;         /* for its turn: not dialled yet */
	unsigned                 taken;         /* asks that it ever had */
	unsigned                 answered;      /* ... that were answered, */
	unsigned                 answers;       /* ... since it had none to wait for, */
	unsigned                 newest;        /* ... and the highest number of those */
};

static bool
route_same(const struct dns_route *a, const struct dns_route *b)
{
	return a->policy == b->policy && a->nproxies == b->nproxies && addr_equal(&a->server, &b->server) &&
	    (a->nproxies == 0 || memcmp(a->proxies, b->proxies, a->nproxies * sizeof(a->proxies[0])) == 0);
}

/* The number of queries that the server answers on one connection, as far as is known. */
static unsigned
limit_of(const struct dns_streams *set, const union addr *server)
{
	for (size_t i = 0; i < DNS_SERVERS_LEARNED; i++)
		if (addr_equal(&set->limits[i].server, server) && ev_now(set->env->loop) < set->limits[i].until)
			return set->limits[i].queries;
	return ASKS_MAX;
}

static void
limit_learn(struct dns_streams *set, const union addr *server, unsigned queries)
{
	struct dns_stream_limit *limit = &set->limits[0];
	char text[ADDR_TEXT_MAX];

	for (size_t i = 0; i < DNS_SERVERS_LEARNED; i++) {
		if (set->limits[i].until < limit->until)
			limit = &set->limits[i];
		if (addr_equal(&set->limits[i].server, server)) {
			limit = &set->limits[i];
			break;
		}
	}
	if (queries >= limit_of(set, server))
		return;
	log_debug("dns: the resolver %s answers %u queries on a connection", addr_format(server, text), queries);
	*limit = (struct dns_stream_limit){ *server, queries, ev_now(set->env->loop) + DNS_LIMIT_S };
}

/* The connection ends or is silent. Does the server answer only some of the queries of a connection? */
static void
stream_learn(const struct dns_stream *s, bool silent)
{
	const struct dns_ask *oldest = s->asks;
	const unsigned open = HASH_COUNT(s->asks);

	if (open == 0)
		return;
	if (s->answers == 0 && open > 1 && oldest->sent >= SENT_MAX && !silent)
		limit_learn(s->set, &s->route.server, 1);
	else if (s->answers > 0 && !silent)
		limit_learn(s->set, &s->route.server, s->answered);
	else if (s->answers > 0 && open >= IGNORED && oldest->number > s->newest)
		limit_learn(s->set, &s->route.server, s->answers);
}

/* Restarts the timer: for silence if answers are awaited, else for idleness. One that can take no more ends soon. */
static void
stream_set_timer(struct dns_stream *s)
{
	if (s->asks == NULL && (s->waits || s->taken >= limit_of(s->set, &s->route.server))) {
		ev_timer_stop(s->loop, &s->timer);
		ev_feed_event(s->loop, &s->timer, EV_TIMER);
		return;
	}
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
	if (s->asks != NULL)
		return;
	s->answers = 0;
	if (s->waits || s->io.fd != -1)
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

static void stream_dial(struct dns_stream *);

/* Dials the oldest stream that waits for its turn, now that one of this route has ended. */
static void
streams_turn(struct dns_streams *set, const struct dns_route *route)
{
	struct dns_stream *s, *oldest = NULL;
	unsigned active = 0;

	LIST_FOREACH(s, &set->list, link) {
		if (!route_same(&s->route, route))
			continue;
		if (!s->waits)
			active++;
		else if (s->asks != NULL)
			oldest = s;
	}
	if (oldest != NULL && active < DNS_STREAMS)
		stream_dial(oldest);
}

/* Closes the connection. again: its asks go to new ones, unless they have been sent too often; else they fail. */
static void
stream_end(struct dns_stream *s, bool again, enum close_reason reason)
{
	struct dns_result result = { .reason = reason, .server = s->route.server, .proxy = s->proxy };
	const unsigned sent_max = HASH_COUNT(s->asks) > 1 ? SENT_ALONE : SENT_MAX;
	const bool progress = s->answers > 0;
	struct dns_ask *ask, *next;

	LIST_REMOVE(s, link);
	if (s->upstream != NULL)
		upstream_cancel(s->upstream);
	ev_io_stop(s->loop, &s->io);
	if (s->io.fd != -1)
		close(s->io.fd);
	s->io.fd = -1;
	HASH_ITER(hh, s->asks, ask, next) {
		dns_ask_cancel(ask);
		if (progress)
			ask->sent = 0;
		if (!again || ask->sent >= sent_max || dns_ask_begin(s->set, &s->route, ask) != 0)
			ask->cb(ask->arg, &result);
	}
	ev_timer_stop(s->loop, &s->timer);
	streams_turn(s->set, &s->route);
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
			stream_end(s, false, CLOSE_DONE);
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
	if (ask->question == NULL ? !dns_query_is_answered(ask->msg, msg) :
	    dns_answer_parse(msg, len, id, ask->question, &result.answer) != 0)
		return;
	s->answered++;
	s->answers++;
	if (ask->number > s->newest)
		s->newest = ask->number;
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
		stream_end(s, false, result->reason);
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
	if (error != 0) {
		stream_learn(s, false);
		stream_end(s, true, CLOSE_SERVER_RESET);
	} else {
		stream_set_events(s);
	}
}

/* After silence opens the connection again, unless an ask has been sent SENT_MAX times without any answer. */
static void
stream_timer_cb(struct ev_loop *loop, ev_timer *w, int revents)
{
	struct dns_stream *s = w->data;

	if (s->io.fd == -1) {
		stream_end(s, false, CLOSE_ERROR);
		return;
	}
	for (const struct dns_ask *ask = s->asks; ask != NULL && s->answers == 0; ask = ask->hh.next)
		if (ask->sent >= SENT_MAX)
			return;
	stream_learn(s, true);
	stream_end(s, true, CLOSE_SERVER_RESET);
}

static void
stream_dial(struct dns_stream *s)
{
	const struct target target = { .addr = s->route.server, .port = addr_port(&s->route.server) };

	s->waits = false;
	s->upstream = upstream_open(s->set->env->upstream, s->route.policy, s->route.proxies, s->route.nproxies,
	    &target, stream_dialled_cb, s);
	if (s->upstream == NULL)
		ev_feed_event(s->loop, &s->timer, EV_TIMER);
}

/* A new stream, not dialled. */
static struct dns_stream *
stream_new(struct dns_streams *set, const struct dns_route *route)
{
	struct dns_stream *s = calloc(1, sizeof(*s));

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
	return s;
}

/* One that takes another ask. */
static struct dns_stream *
stream_get(struct dns_streams *set, const struct dns_route *route)
{
	const unsigned limit = limit_of(set, &route->server);
	unsigned active = 0;
	struct dns_stream *s;

	LIST_FOREACH(s, &set->list, link) {
		if (!route_same(&s->route, route))
			continue;
		if (s->taken < limit && HASH_COUNT(s->asks) < ASKS_MAX)
			return s;
		active += !s->waits;
	}
	s = stream_new(set, route);
	if (s == NULL)
		return NULL;
	s->waits = active >= DNS_STREAMS;
	if (!s->waits)
		stream_dial(s);
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
	ask->number = ++s->taken;
	if (s->io.fd == -1)
		return 0;
	stream_set_events(s);
	if (HASH_COUNT(s->asks) == 1)
		stream_set_timer(s);
	return 0;
}
