#include "config.h"

#include "worker/dns/dns_client.h"

#include <ev.h>

#include <unistd.h>

#include "base/buffer.h"
#include "wire/dns_query.h"
#include "worker/upstream/upstream.h"

#define READ_MAX   4096
#define FRAME_MAX  (DNS_MESSAGE_MAX + 2)
#define OUT_MAX    (16 * FRAME_MAX)
#define OUT_HIGH   (OUT_MAX / 2)        /* above this, no more queries are read from the client */

/* One TCP connection whose destination is known. */
struct dns_client {
	TAILQ_ENTRY(dns_client) link;
	struct dns_clients    *set;
	struct flow            flow;
	union addr             meant;
	ev_io                  io;
	ev_timer               idle;
	struct buffer          in, out;
	LIST_HEAD(, dns_request)  requests;
	unsigned               pending;         /* number of requests */
	bool                   eof;             /* the client has ended its side */
	bool                   broken;          /* an answer did not fit into out: close */
	/* Of redirected ones: */
	bool                   dns;             /* has had a plain query */
	bool                   leaves;          /* is handed on when all before in has been answered */
	struct dns_query       other;           /* what it leaves with, if that is a DNS request */
	ev_timer               quiet;           /* while nothing is known */
	size_t                 heard;           /* bytes in at its last turn */
	struct upstream       *upstream;        /* the server, dialled ... */
	ev_io                  server;          /* ... and connected; fd -1: not */
};

struct dns_request *
dns_request_new(const struct flow *flow, const uint8_t *msg, size_t len)
{
	struct dns_request *r = calloc(1, sizeof(*r) + len);

	if (r == NULL)
		return NULL;
	r->flow = *flow;
	r->len = len;
	memcpy(r->msg, msg, len);
	return r;
}

bool
dns_named_verdict(const struct worker_env *env, const struct dns_query *q, struct verdict *v)
{
	char name[DNS_TEXT_MAX];

	if (q->question.end == 0)
		return false;
	dns_name_text(&q->question.name, name);
	if (policy_is_proxy_host(env->policy, name))
		return false;
	*v = rule_match(env->policy->conf, &(struct rule_query){ .host = name });
	return v->action != ACTION_DIRECT;
}

/* Forgets the server: the client has spoken first, or leaves. */
static void
client_hang_up(struct dns_client *c)
{
	ev_timer_stop(c->set->env->loop, &c->quiet);
	if (c->upstream != NULL)
		upstream_cancel(c->upstream);
	c->upstream = NULL;
	if (c->server.fd == -1)
		return;
	ev_io_stop(c->set->env->loop, &c->server);
	close(c->server.fd);
	c->server.fd = -1;
}

/* Its descriptor is closed, or another's now, if fd is -1. */
static void
client_end(struct dns_client *c)
{
	struct dns_clients *set = c->set;
	struct dns_request *r;

	while ((r = LIST_FIRST(&c->requests)) != NULL) {
		LIST_REMOVE(r, link);
		set->abandoned(set->arg, r);
		free(r);
	}
	client_hang_up(c);
	ev_io_stop(set->env->loop, &c->io);
	ev_timer_stop(set->env->loop, &c->idle);
	TAILQ_REMOVE(&set->list, c, link);
	limit_give(&set->limit, &c->flow.peer);
	if (c->flow.fd != -1)
		close(c->flow.fd);
	buffer_free(&c->in);
	buffer_free(&c->out);
	free(c);
}

static void
client_hand_on(struct dns_client *c)
{
	const struct dns_outlet *outlet = c->set->outlet;
	const struct flow flow = c->flow;
	struct verdict v;
	const bool judged = dns_named_verdict(c->set->env, &c->other, &v);

	client_hang_up(c);
	ev_io_stop(c->set->env->loop, &c->io);
	c->flow.fd = -1;
	outlet->connection(outlet->arg, &flow, &c->meant, judged ? &v : NULL, buffer_data(&c->in), buffer_len(&c->in));
	client_end(c);
}

/* Is the client active? Then it is not the idlest any more. */
static void
client_touch(struct dns_client *c)
{
	ev_timer_again(c->set->env->loop, &c->idle);
	TAILQ_REMOVE(&c->set->list, c, link);
	TAILQ_INSERT_TAIL(&c->set->list, c, link);
}

static bool
client_takes_queries(const struct dns_client *c)
{
	return c->pending < DNS_CLIENT_QUERIES && buffer_len(&c->out) < OUT_HIGH && !c->leaves;
}

/* Is there a complete message at the beginning of in, of *len bytes? False also if the client leaves with it.
 *   length 2 | message */
static bool
client_message(struct dns_client *c, size_t *len)
{
	const bool redirected = addr_is_set(&c->meant);
	const uint8_t *data = buffer_data(&c->in);
	const size_t have = buffer_len(&c->in);

	if (have < 2)
		return false;
	*len = (size_t)(data[0] << 8 | data[1]);
	if (redirected)
		c->leaves = *len < DNS_HEADER_LEN ||
		    (have >= 2 + DNS_HEADER_LEN && !dns_request_begins(data + 2));
	if (c->leaves || have < 2 + *len)
		return false;
	if (redirected)
		c->leaves = dns_query_parse(data + 2, *len, &c->other) != 0;
	return !c->leaves;
}

/* Takes complete queries out of the input buffer. 0 or ENOMEM. */
static int
client_requests(struct dns_client *c)
{
	struct dns_clients *set = c->set;
	struct dns_request *r;
	size_t len;

	while (client_takes_queries(c) && client_message(c, &len)) {
		r = dns_request_new(&c->flow, buffer_data(&c->in) + 2, len);
		if (r == NULL)
			return ENOMEM;
		r->meant = c->meant;
		r->client = c;
		LIST_INSERT_HEAD(&c->requests, r, link);
		c->pending++;
		c->dns = true;
		buffer_consume(&c->in, len + 2);
		client_touch(c);
		set->received(set->arg, r);
	}
	return 0;
}

static int
client_read(struct dns_client *c)
{
	int error = buffer_read(&c->in, c->flow.fd, READ_MAX);

	c->eof = error == EPIPE;
	if (buffer_len(&c->in) > 0 && (c->upstream != NULL || c->server.fd != -1)) {
		client_hang_up(c);
		ev_timer_again(c->set->env->loop, &c->quiet);
	}
	return c->eof ? 0 : error;
}

/* Also runs after each answer. The state of the buffers says which events to wait for. */
static void
client_io_cb(struct ev_loop *loop, ev_io *w, int revents)
{
	struct dns_client *c = w->data;
	int error = c->broken ? ENOBUFS : 0, events = 0;
	size_t left;

	if (error == 0 && (revents & EV_READ))
		error = client_read(c);
	if (error == 0)
		error = client_requests(c);
	left = buffer_len(&c->out);
	if (error == 0 && left > 0)
		error = buffer_write(&c->out, w->fd);
	if (buffer_len(&c->out) < left)
		client_touch(c);
	left = buffer_len(&c->out);
	if (error == 0 && c->leaves && c->pending == 0 && left == 0) {
		client_hand_on(c);
		return;
	}
	if (error != 0 || (c->eof && c->pending == 0 && left == 0)) {
		client_end(c);
		return;
	}
	if (!c->eof && client_takes_queries(c))
		events |= EV_READ;
	if (left > 0)
		events |= EV_WRITE;
	ev_io_stop(loop, w);
	ev_io_set(w, c->flow.fd, events);
	ev_io_start(loop, w);
}

static void
client_idle_cb(struct ev_loop *loop, ev_timer *w, int revents)
{
	struct dns_client *c = w->data;

	if (c->pending == 0 || buffer_len(&c->out) > 0)
		client_end(c);
}

/* The server has said something first, or has hung up. */
static void
client_server_cb(struct ev_loop *loop, ev_io *w, int revents)
{
	struct dns_client *c = w->data;
	char byte;
	const bool speaks = recv(w->fd, &byte, 1, MSG_PEEK) == 1;

	client_hang_up(c);
	if (!speaks)
		return;
	c->leaves = true;
	ev_feed_event(loop, &c->io, EV_CUSTOM);
}

static void
client_dialled_cb(void *arg, const struct upstream_result *result)
{
	struct dns_client *c = arg;

	c->upstream = NULL;
	if (result->fd == -1)
		return;
	ev_io_set(&c->server, result->fd, EV_READ);
	ev_io_start(c->set->env->loop, &c->server);
}

/* Does the server speak first? */
static void
client_dial(struct dns_client *c)
{
	const struct worker_env *env = c->set->env;
	const struct target target = { .addr = c->meant, .port = addr_port(&c->meant) };
	const struct verdict v = rule_match(env->policy->conf, &(struct rule_query){ .dst = &c->meant,
		.proto = IPPROTO_TCP, .port = target.port, .user = RULE_USER_UNKNOWN });

	if (v.action != ACTION_BLOCK && (v.action == ACTION_DIRECT || v.nproxies > 0))
		c->upstream = upstream_open(env->upstream, env->policy, v.proxies,
		    v.action == ACTION_PROXY ? v.nproxies : 0, &target, client_dialled_cb, c);
}

/* A redirected client has not sent a whole query yet. */
static void
client_quiet_cb(struct ev_loop *loop, ev_timer *w, int revents)
{
	struct dns_client *c = w->data;
	const size_t len = buffer_len(&c->in);

	ev_timer_stop(loop, w);
	if (c->dns || c->leaves || c->eof)
		return;
	if (len == 0 && c->upstream == NULL && c->server.fd == -1) {
		client_dial(c);
	} else if (len > 0 && len == c->heard) {
		c->leaves = true;
		ev_feed_event(loop, &c->io, EV_CUSTOM);
		return;
	}
	c->heard = len;
	w->repeat = DNS_STALL_S;
	ev_timer_again(loop, w);
}

void
dns_client_answer(struct dns_request *r, const void *msg, size_t len)
{
	struct dns_client *c = r->client;
	const uint8_t frame[2] = { (uint8_t)(len >> 8), (uint8_t)len };

	LIST_REMOVE(r, link);
	free(r);
	c->pending--;
	if (msg != NULL &&
	    (buffer_append(&c->out, frame, sizeof(frame)) != 0 || buffer_append(&c->out, msg, len) != 0))
		c->broken = true;
	ev_feed_event(c->set->env->loop, &c->io, EV_CUSTOM);
}

/* Closes the idlest client of the address that has the most. */
static void
clients_evict(struct dns_clients *set)
{
	struct dns_client *c, *victim = NULL;
	unsigned n, most = 0;

	TAILQ_FOREACH(c, &set->list, link) {
		n = limit_count(&set->limit, &c->flow.peer);
		if (n > most) {
			most = n;
			victim = c;
		}
	}
	if (victim != NULL)
		client_end(victim);
}

int
dns_client_new(struct dns_clients *set, const struct flow *flow, const union addr *meant)
{
	const struct policy *policy = set->env->policy;
	struct dns_client *c;

	if (set->limit.count >= DNS_CLIENTS_MAX)
		clients_evict(set);
	if (!limit_take(&set->limit, &flow->peer, DNS_CLIENTS_MAX, DNS_CLIENTS_MAX))
		return ENOMEM;
	c = calloc(1, sizeof(*c));
	if (c == NULL) {
		limit_give(&set->limit, &flow->peer);
		return ENOMEM;
	}
	c->set = set;
	c->flow = *flow;
	c->meant = *meant;
	buffer_init(&c->in, FRAME_MAX + READ_MAX);
	buffer_init(&c->out, OUT_MAX);
	ev_io_init(&c->io, client_io_cb, flow->fd, EV_READ);
	ev_io_init(&c->server, client_server_cb, -1, EV_READ);
	ev_timer_init(&c->idle, client_idle_cb, 0., DNS_CLIENT_IDLE_S);
	ev_init(&c->quiet, client_quiet_cb);
	c->io.data = c->idle.data = c->quiet.data = c->server.data = c;
	TAILQ_INSERT_TAIL(&set->list, c, link);
	ev_io_start(set->env->loop, &c->io);
	ev_timer_again(set->env->loop, &c->idle);
	if (addr_is_set(meant) && policy != NULL) {
		c->quiet.repeat = policy->conf->timeouts.hello;
		ev_timer_again(set->env->loop, &c->quiet);
	}
	return 0;
}

void
dns_clients_close(struct dns_clients *set)
{
	while (!TAILQ_EMPTY(&set->list))
		client_end(TAILQ_FIRST(&set->list));
}
