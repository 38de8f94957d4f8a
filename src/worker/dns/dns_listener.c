#include "config.h"

#include "worker/dns/dns_listener.h"

#include <ev.h>

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/buffer.h"
#include "base/log.h"
#include "worker/upstream/policy.h"
#include "host/listener.h"
#include "host/udp.h"
#include "wire/dns_message.h"

#define READ_BATCHES 4
#define READ_MAX   4096
#define FRAME_MAX  (DNS_MESSAGE_MAX + 2)
#define OUT_MAX    (16 * FRAME_MAX)
#define OUT_HIGH   (OUT_MAX / 2)        /* above this, no more queries are read from the client */

/* One listening socket. It stays until its last request has ended. */
struct dns_socket {
	LIST_ENTRY(dns_socket) link;
	struct dns_listeners  *set;
	union addr             local;
	ev_io                  io;              /* UDP; TCP: fd -1 */
	struct listener       *tcp;             /* TCP; owns the socket */
	unsigned               refs;            /* one while it receives, and one for each request */
};

/* One TCP connection whose destination is known. */
struct dns_client {
	LIST_ENTRY(dns_client) link;
	struct dns_listeners  *set;
	struct flow            flow;
	union addr             meant;
	ev_io                  io;
	ev_timer               idle;
	struct buffer          in, out;
	LIST_HEAD(, dns_request)  requests;
	unsigned               pending;         /* number of requests */
	bool                   eof;             /* the client has ended its side */
	bool                   broken;          /* an answer did not fit into out: close */
};

static struct dns_request *
request_new(const struct flow *flow, const uint8_t *msg, size_t len)
{
	struct dns_request *r = calloc(1, sizeof(*r) + len);

	if (r == NULL)
		return NULL;
	r->flow = *flow;
	r->len = len;
	memcpy(r->msg, msg, len);
	return r;
}

static void
client_end(struct dns_client *c)
{
	struct dns_listeners *set = c->set;
	struct dns_request *r;

	while ((r = LIST_FIRST(&c->requests)) != NULL) {
		LIST_REMOVE(r, link);
		set->abandoned(set->arg, r);
		free(r);
	}
	ev_io_stop(set->env->loop, &c->io);
	ev_timer_stop(set->env->loop, &c->idle);
	LIST_REMOVE(c, link);
	set->nclients--;
	close(c->flow.fd);
	buffer_free(&c->in);
	buffer_free(&c->out);
	free(c);
}

static bool
client_takes_queries(const struct dns_client *c)
{
	return c->pending < DNS_CLIENT_QUERIES && buffer_len(&c->out) < OUT_HIGH;
}

/* Takes complete messages (length 2 | message) out of the input buffer. 0 or ENOMEM. */
static int
client_requests(struct dns_client *c)
{
	struct dns_listeners *set = c->set;
	struct dns_request *r;

	while (client_takes_queries(c) && buffer_len(&c->in) >= 2) {
		const uint8_t *data = buffer_data(&c->in);
		size_t len = (size_t)(data[0] << 8 | data[1]);

		if (buffer_len(&c->in) < len + 2)
			break;
		r = request_new(&c->flow, data + 2, len);
		if (r == NULL)
			return ENOMEM;
		r->meant = c->meant;
		r->client = c;
		LIST_INSERT_HEAD(&c->requests, r, link);
		c->pending++;
		buffer_consume(&c->in, len + 2);
		ev_timer_again(set->env->loop, &c->idle);
		set->received(set->arg, r);
	}
	return 0;
}

/* Also runs after each answer. The state of the buffers says which events to wait for. */
static void
client_io_cb(struct ev_loop *loop, ev_io *w, int revents)
{
	struct dns_client *c = w->data;
	int error = c->broken ? ENOBUFS : 0, events = 0;
	size_t left;

	if (error == 0 && (revents & EV_READ)) {
		error = buffer_read(&c->in, w->fd, READ_MAX);
		c->eof = error == EPIPE;
		error = c->eof ? 0 : error;
	}
	if (error == 0)
		error = client_requests(c);
	left = buffer_len(&c->out);
	if (error == 0 && left > 0)
		error = buffer_write(&c->out, w->fd);
	if (buffer_len(&c->out) < left)
		ev_timer_again(loop, &c->idle);
	if (error != 0 || (c->eof && c->pending == 0 && buffer_len(&c->out) == 0)) {
		client_end(c);
		return;
	}
	if (!c->eof && client_takes_queries(c))
		events |= EV_READ;
	if (buffer_len(&c->out) > 0)
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

static void
client_answer(struct dns_request *r, const void *msg, size_t len)
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

/* Takes flow->fd over if it gives 0. */
static int
client_new(struct dns_listeners *set, const struct flow *flow, const union addr *meant)
{
	struct dns_client *c = set->nclients < DNS_CLIENTS_MAX ? calloc(1, sizeof(*c)) : NULL;

	if (c == NULL)
		return ENOMEM;
	c->set = set;
	c->flow = *flow;
	c->meant = *meant;
	buffer_init(&c->in, FRAME_MAX + READ_MAX);
	buffer_init(&c->out, OUT_MAX);
	ev_io_init(&c->io, client_io_cb, flow->fd, EV_READ);
	ev_timer_init(&c->idle, client_idle_cb, 0., DNS_CLIENT_IDLE_S);
	c->io.data = c->idle.data = c;
	LIST_INSERT_HEAD(&set->clients, c, link);
	set->nclients++;
	ev_io_start(set->env->loop, &c->io);
	ev_timer_again(set->env->loop, &c->idle);
	return 0;
}

static void
socket_unref(struct dns_socket *s)
{
	if (--s->refs > 0)
		return;
	if (s->io.fd != -1)
		close(s->io.fd);
	free(s);
}

static void
request_free(struct dns_request *r)
{
	socket_unref(r->socket);
	free(r);
}

/* Was the query sent to the listener itself? Not if the address is another one. Not if it came from another host to a
 * loopback address: then it was redirected. */
static bool
asked_us(const struct dns_socket *s, const struct flow *flow)
{
	if (addr_is_loopback(&s->local) && !addr_is_loopback(&flow->peer))
		return false;
	return addr_equal(&s->local, &flow->local) ||
	    (addr_is_any(&s->local) && addr_port(&s->local) == addr_port(&flow->local));
}

/* The firewall has answered. */
static void
request_looked_up(void *arg, int error, const union addr *dst)
{
	struct dns_request *r = arg;
	struct dns_listeners *set = r->socket->set;
	const bool tcp = r->flow.proto == IPPROTO_TCP;
	char peer[ADDR_TEXT_MAX], local[ADDR_TEXT_MAX];

	LIST_REMOVE(r, link);
	set->nlookups--;
	if (error == 0 && !firewall_is_listener(set->env->firewall, dst))
		r->meant = *dst;
	else if (error == ENOENT && asked_us(r->socket, &r->flow))
		error = 0;
	if (error == 0 && !tcp) {
		set->received(set->arg, r);
		return;
	}
	if (error == 0)
		error = client_new(set, &r->flow, &r->meant);
	if (error != 0) {
		account_count(set->env->account, COUNT_DNS_FAILED, 1);
		log_debug("dns: dropped a query from %s to %s: %s", addr_format(&r->flow.peer, peer),
		    addr_format(&r->flow.local, local), strerror(error));
		if (tcp)
			close(r->flow.fd);
	}
	request_free(r);
}

/* Takes flow->fd over if it is a connection. */
static void
socket_request(struct dns_socket *s, const struct flow *flow, const uint8_t *msg, size_t len)
{
	struct dns_listeners *set = s->set;
	struct firewall *fw = set->env->firewall;
	const struct policy *policy = set->env->policy;
	struct dns_request *r = NULL;
	union addr dst;
	int error;

	if (policy != NULL && set->nlookups < policy->conf->limits.dns_queries)
		r = request_new(flow, msg, len);
	if (r == NULL) {
		account_count(set->env->account, COUNT_DNS_FAILED, 1);
		if (flow->proto == IPPROTO_TCP)
			close(flow->fd);
		return;
	}
	r->socket = s;
	s->refs++;
	LIST_INSERT_HEAD(&set->lookups, r, link);
	set->nlookups++;
	error = fw->ops->original_dst(fw, &r->flow, &dst, request_looked_up, r);
	if (error != EINPROGRESS)
		request_looked_up(r, error, &dst);
}

static void
log_unsent(int error)
{
	if (error != 0 && error != EINPROGRESS)
		log_debug("dns: cannot send an answer: %s", strerror(error));
}

/* Ignores answers (QR, the first bit of the third byte): two servers would answer each other for ever. */
static void
socket_udp_cb(struct ev_loop *loop, ev_io *w, int revents)
{
	struct dns_socket *s = w->data;
	struct udp_batch *in = &s->set->in, *out = &s->set->out;
	struct flow flow = { .fd = w->fd, .proto = IPPROTO_UDP };

	s->refs++;
	s->set->gathers = s;
	for (int n = 0; n < READ_BATCHES && udp_receive_batch(w->fd, &s->local, in) == 0; n++) {
		for (unsigned i = 0; i < in->count; i++) {
			const struct udp_datagram *d = &in->list[i];

			flow.peer = d->peer;
			flow.local = d->local;
			if (d->len > 2 && (d->data[2] & 0x80) == 0)
				socket_request(s, &flow, d->data, d->len);
		}
		if (out->count > 0)
			log_unsent(udp_send_batch(w->fd, addr_is_any(&s->local), out));
		if (in->count < UDP_BATCH)
			break;
	}
	s->set->gathers = NULL;
	socket_unref(s);
}

static void
socket_accept_cb(void *arg, int fd, const union addr *peer)
{
	struct dns_socket *s = arg;
	struct flow flow = { .fd = fd, .proto = IPPROTO_TCP, .peer = *peer };

	if (addr_of_socket(fd, &flow.local) == 0)
		socket_request(s, &flow, (const uint8_t *)"", 0);
	else
		close(fd);
}

int
dns_listeners_add(struct dns_listeners *set, int fd, int type, const union addr *local)
{
	const bool tcp = type == SOCK_STREAM;
	struct dns_socket *s;
	int error = !tcp && addr_is_any(local) ? udp_tell_local(fd, local->sa.sa_family) : 0;

	if (error != 0)
		return error;
	s = calloc(1, sizeof(*s));
	if (s == NULL)
		return ENOMEM;
	s->set = set;
	s->local = *local;
	s->refs = 1;
	ev_io_init(&s->io, socket_udp_cb, tcp ? -1 : fd, EV_READ);
	s->io.data = s;
	s->tcp = tcp ? listener_new(set->env->loop, fd, socket_accept_cb, s) : NULL;
	if (tcp && s->tcp == NULL) {
		free(s);
		return ENOMEM;
	}
	if (!tcp)
		ev_io_start(set->env->loop, &s->io);
	LIST_INSERT_HEAD(&set->sockets, s, link);
	return 0;
}

void
dns_listeners_stop(struct dns_listeners *set, bool (*keep)(const void *, const union addr *), const void *arg)
{
	struct dns_socket *s, *next;

	for (s = LIST_FIRST(&set->sockets); s != NULL; s = next) {
		next = LIST_NEXT(s, link);
		if (keep != NULL && keep(arg, &s->local))
			continue;
		LIST_REMOVE(s, link);
		ev_io_stop(set->env->loop, &s->io);
		listener_free(s->tcp);
		socket_unref(s);
	}
}

void
dns_listeners_close(struct dns_listeners *set)
{
	struct dns_request *r;

	while ((r = LIST_FIRST(&set->lookups)) != NULL) {
		set->env->firewall->ops->cancel(set->env->firewall, r);
		request_looked_up(r, ECANCELED, NULL);
	}
	while (!LIST_EMPTY(&set->clients))
		client_end(LIST_FIRST(&set->clients));
	dns_listeners_stop(set, NULL, NULL);
}

/* Sends from the listener itself. */
static int
request_send(const struct dns_request *r, const void *msg, size_t len)
{
	struct dns_socket *s = r->socket;
	struct udp_batch *out = &s->set->out;
	struct udp_datagram *d;

	if (s->set->gathers != s || len > UDP_BATCH_SIZE || out->count == UDP_BATCH)
		return udp_send(r->flow.fd, addr_is_any(&s->local) ? &r->flow.local : NULL, &r->flow.peer, msg, len);
	d = &out->list[out->count++];
	d->peer = r->flow.peer;
	d->local = r->flow.local;
	d->len = len;
	memcpy(d->data, msg, len);
	return 0;
}

void
dns_request_answer(struct dns_request *r, const void *msg, size_t len)
{
	struct firewall *fw;

	if (r->client != NULL) {
		client_answer(r, msg, len);
		return;
	}
	fw = r->socket->set->env->firewall;
	if (msg != NULL && addr_is_set(&r->meant))
		log_unsent(fw->ops->send_reply(fw, &r->flow, &r->meant, msg, len));
	else if (msg != NULL)
		log_unsent(request_send(r, msg, len));
	request_free(r);
}
