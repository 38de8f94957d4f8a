#include "config.h"

#include "dns_client.h"

#include <ev.h>

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "buffer.h"
#include "dns_message.h"

#define READ_MAX 4096
#define FRAME_MAX (DNS_MESSAGE_MAX + 2)
#define OUT_MAX  (16 * FRAME_MAX)
#define OUT_HIGH (OUT_MAX / 2)  /* no more queries are taken from a client that does not read */

struct dns_client {
	LIST_ENTRY(dns_client) link;
	struct dns_clients    *clients;
	struct flow            flow;
	union addr             meant;
	ev_io                  io;
	ev_timer               idle;
	struct buffer          in, out;
	TAILQ_HEAD(, dns_request) requests;
	unsigned               pending;         /* how many requests */
	bool                   eof;             /* the client sends nothing more */
	bool                   broken;          /* an answer could not be kept: close */
};

static void
client_end(struct dns_client *c)
{
	const struct dns_listeners_env *env = c->clients->env;
	struct dns_request *r;

	while ((r = TAILQ_FIRST(&c->requests)) != NULL) {
		TAILQ_REMOVE(&c->requests, r, link);
		env->abandoned(env->arg, r);
		free(r);
	}
	ev_io_stop(env->loop, &c->io);
	ev_timer_stop(env->loop, &c->idle);
	LIST_REMOVE(c, link);
	c->clients->count--;
	close(c->flow.fd);
	buffer_free(&c->in);
	buffer_free(&c->out);
	free(c);
}

void
dns_clients_free(struct dns_clients *clients)
{
	while (!LIST_EMPTY(&clients->list))
		client_end(LIST_FIRST(&clients->list));
}

static bool
client_takes_queries(const struct dns_client *c)
{
	return c->pending < DNS_CLIENT_QUERIES && buffer_len(&c->out) < OUT_HIGH;
}

/* The events to wait for follow from the buffers. */
static void
client_set_events(struct dns_client *c)
{
	struct ev_loop *loop = c->clients->env->loop;
	int events = 0;

	if (!c->eof && client_takes_queries(c))
		events |= EV_READ;
	if (buffer_len(&c->out) > 0)
		events |= EV_WRITE;
	ev_io_stop(loop, &c->io);
	ev_io_set(&c->io, c->flow.fd, events);
	ev_io_start(loop, &c->io);
}

static int
client_request(struct dns_client *c, const uint8_t *msg, size_t len)
{
	const struct dns_listeners_env *env = c->clients->env;
	struct dns_request *r = calloc(1, sizeof(*r) + len);

	if (r == NULL)
		return ENOMEM;
	r->flow = c->flow;
	r->meant = c->meant;
	r->client = c;
	r->len = len;
	memcpy(r->msg, msg, len);
	TAILQ_INSERT_TAIL(&c->requests, r, link);
	c->pending++;
	env->received(env->arg, r);
	return 0;
}

/* Whole messages out of the input buffer. 0, or ENOMEM. */
static int
client_requests(struct dns_client *c)
{
	int error = 0;

	while (error == 0 && client_takes_queries(c) && buffer_len(&c->in) >= 2) {
		const uint8_t *data = buffer_data(&c->in);
		size_t len = (size_t)(data[0] << 8 | data[1]);

		if (buffer_len(&c->in) < len + 2)
			break;
		error = client_request(c, data + 2, len);
		buffer_consume(&c->in, len + 2);
		ev_timer_again(c->clients->env->loop, &c->idle);
	}
	return error;
}

static int
client_read(struct dns_client *c)
{
	uint8_t *to = buffer_reserve(&c->in, READ_MAX);
	ssize_t n;

	if (to == NULL)
		return ENOMEM;
	n = read(c->flow.fd, to, READ_MAX);
	if (n == -1)
		return errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR ? 0 : errno;
	if (n == 0)
		c->eof = true;
	buffer_commit(&c->in, (size_t)n);
	return 0;
}

static int
client_write(struct dns_client *c)
{
	ssize_t n = write(c->flow.fd, buffer_data(&c->out), buffer_len(&c->out));

	if (n == -1)
		return errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR ? 0 : errno;
	buffer_consume(&c->out, (size_t)n);
	ev_timer_again(c->clients->env->loop, &c->idle);
	return 0;
}

static void
client_io_cb(struct ev_loop *loop, ev_io *w, int revents)
{
	struct dns_client *c = w->data;
	int error = c->broken ? ENOBUFS : 0;

	(void)loop;
	if (error == 0 && (revents & EV_READ) && !c->eof && client_takes_queries(c))
		error = client_read(c);
	if (error == 0)
		error = client_requests(c);
	if (error == 0 && buffer_len(&c->out) > 0)
		error = client_write(c);
	if (error != 0 || (c->eof && c->pending == 0 && buffer_len(&c->out) == 0))
		client_end(c);
	else
		client_set_events(c);
}

static void
client_idle_cb(struct ev_loop *loop, ev_timer *w, int revents)
{
	struct dns_client *c = w->data;

	(void)loop, (void)revents;
	if (c->pending == 0 || buffer_len(&c->out) > 0)
		client_end(c);
}

void
dns_client_answer(struct dns_request *r, const void *msg, size_t len)
{
	struct dns_client *c = r->client;
	const uint8_t frame[2] = { (uint8_t)(len >> 8), (uint8_t)len };

	TAILQ_REMOVE(&c->requests, r, link);
	free(r);
	c->pending--;
	if (msg != NULL &&
	    (buffer_append(&c->out, frame, sizeof(frame)) != 0 || buffer_append(&c->out, msg, len) != 0))
		c->broken = true;
	ev_feed_event(c->clients->env->loop, &c->io, EV_CUSTOM);
}

void
dns_client_new(struct dns_clients *clients, const struct flow *flow, const union addr *meant)
{
	struct dns_client *c = calloc(1, sizeof(*c));

	if (c == NULL) {
		close(flow->fd);
		return;
	}
	c->clients = clients;
	c->flow = *flow;
	c->meant = *meant;
	buffer_init(&c->in, FRAME_MAX + READ_MAX);
	buffer_init(&c->out, OUT_MAX);
	TAILQ_INIT(&c->requests);
	ev_io_init(&c->io, client_io_cb, flow->fd, EV_READ);
	ev_timer_init(&c->idle, client_idle_cb, 0., DNS_CLIENT_IDLE_S);
	c->io.data = c->idle.data = c;
	LIST_INSERT_HEAD(&clients->list, c, link);
	clients->count++;
	ev_io_start(clients->env->loop, &c->io);
	ev_timer_again(clients->env->loop, &c->idle);
}
