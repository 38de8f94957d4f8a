#include "config.h"

#include "dns_listener.h"

#include <ev.h>

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "dns_client.h"
#include "listener.h"
#include "log.h"
#include "udp.h"

#define READ_BATCH 64

/* One listening socket; it stays until the last request that came by it has ended. */
struct dns_socket {
	LIST_ENTRY(dns_socket) link;
	struct dns_listeners  *set;
	union addr             local;
	int                    fd;              /* UDP */
	ev_io                  io;              /* UDP */
	struct listener       *tcp;             /* TCP; owns its own socket */
	unsigned               refs;            /* one for receiving, one for each request */
};

struct dns_listeners {
	struct dns_listeners_env env;
	LIST_HEAD(, dns_socket)  sockets;       /* those that receive */
	TAILQ_HEAD(, dns_request) lookups;      /* waiting for the firewall */
	unsigned                 nlookups, max_lookups;
	struct dns_clients       clients;
	uint8_t                  scratch[UDP_MAX];
};

struct dns_listeners *
dns_listeners_new(const struct dns_listeners_env *env)
{
	struct dns_listeners *set = calloc(1, sizeof(*set));

	if (set == NULL)
		return NULL;
	set->env = *env;
	set->clients.env = &set->env;
	LIST_INIT(&set->sockets);
	LIST_INIT(&set->clients.list);
	TAILQ_INIT(&set->lookups);
	return set;
}

static void
socket_unref(struct dns_socket *s)
{
	if (--s->refs > 0)
		return;
	if (s->fd != -1)
		close(s->fd);
	free(s);
}

void
dns_listeners_stop(struct dns_listeners *set, dns_listeners_keep *keep, const void *arg)
{
	struct dns_socket *s, *next;

	for (s = LIST_FIRST(&set->sockets); s != NULL; s = next) {
		next = LIST_NEXT(s, link);
		if (keep != NULL && keep(arg, &s->local))
			continue;
		LIST_REMOVE(s, link);
		ev_io_stop(set->env.loop, &s->io);
		listener_free(s->tcp);
		socket_unref(s);
	}
}

void
dns_listeners_set_max(struct dns_listeners *set, unsigned max)
{
	set->max_lookups = max;
}

static void
request_free(struct dns_request *r)
{
	socket_unref(r->socket);
	free(r);
}

/* A connection is carried by a request without bytes until its destination is known. */
static void
request_reject(struct dns_request *r)
{
	struct dns_listeners *set = r->socket->set;

	if (r->flow.proto == IPPROTO_TCP) {
		close(r->flow.fd);
		set->clients.count--;
	}
	request_free(r);
}

void
dns_listeners_free(struct dns_listeners *set)
{
	struct dns_request *r;

	if (set == NULL)
		return;
	while ((r = TAILQ_FIRST(&set->lookups)) != NULL) {
		TAILQ_REMOVE(&set->lookups, r, link);
		set->env.firewall->ops->cancel(set->env.firewall, r);
		request_reject(r);
	}
	dns_clients_free(&set->clients);
	dns_listeners_stop(set, NULL, NULL);
	free(set);
}

/* Did somebody send to the listener itself? Not when the address is another one, and not when a
 * packet from elsewhere came to a loopback address: that was redirected. */
static bool
asked_us(const struct dns_socket *s, const struct flow *flow)
{
	if (addr_is_loopback(&s->local) && !addr_is_loopback(&flow->peer))
		return false;
	return addr_equal(&s->local, &flow->local) ||
	    (addr_is_any(&s->local) && addr_port(&s->local) == addr_port(&flow->local));
}

/* What the answer of the firewall means. 0: r->meant is set; else the request cannot be answered. */
static int
request_resolve(struct dns_request *r, int error, const union addr *dst)
{
	r->meant = addr_none;
	if (error == ENOENT)
		return asked_us(r->socket, &r->flow) ? 0 : ENOENT;
	if (error == 0 && !firewall_is_own(r->socket->set->env.firewall, dst))
		r->meant = *dst;
	return error;
}

static void
request_looked_up(struct dns_request *r, int error, const union addr *dst)
{
	struct dns_listeners *set = r->socket->set;
	char peer[ADDR_TEXT_MAX], local[ADDR_TEXT_MAX];

	error = request_resolve(r, error, dst);
	if (error != 0) {
		set->env.account->dns_failed++;
		log_debug("dns: no destination for a query from %s to %s: %s", addr_format(&r->flow.peer, peer),
		    addr_format(&r->flow.local, local), strerror(error));
		request_reject(r);
	} else if (r->flow.proto == IPPROTO_TCP) {
		set->clients.count--; /* counted again as a client */
		dns_client_new(&set->clients, &r->flow, &r->meant);
		request_free(r);
	} else {
		set->env.received(set->env.arg, r);
	}
}

static void
request_lookup_cb(void *arg, int error, const union addr *dst)
{
	struct dns_request *r = arg;
	struct dns_listeners *set = r->socket->set;

	TAILQ_REMOVE(&set->lookups, r, link);
	set->nlookups--;
	request_looked_up(r, error, dst);
}

/* Takes flow->fd over when it is a connection. */
static void
socket_request(struct dns_socket *s, const struct flow *flow, const uint8_t *msg, size_t len)
{
	struct dns_listeners *set = s->set;
	struct firewall *fw = set->env.firewall;
	struct dns_request *r = set->nlookups < set->max_lookups ? calloc(1, sizeof(*r) + len) : NULL;
	union addr dst;
	int error;

	if (r == NULL) {
		set->env.account->dns_failed++;
		if (flow->proto == IPPROTO_TCP)
			close(flow->fd);
		return;
	}
	r->flow = *flow;
	r->socket = s;
	s->refs++;
	r->len = len;
	memcpy(r->msg, msg, len);
	if (flow->proto == IPPROTO_TCP)
		set->clients.count++;
	error = fw->ops->original_dst(fw, &r->flow, &dst, request_lookup_cb, r);
	if (error == EINPROGRESS) {
		TAILQ_INSERT_TAIL(&set->lookups, r, link);
		set->nlookups++;
	} else {
		request_looked_up(r, error, &dst);
	}
}

/* Only queries: an answer (QR, the first bit of the third byte) would make two servers talk for ever. */
static bool
may_be_query(const uint8_t *msg, size_t len)
{
	return len > 2 && (msg[2] & 0x80) == 0;
}

static void
socket_udp_cb(struct ev_loop *loop, ev_io *w, int revents)
{
	struct dns_socket *s = w->data;
	struct flow flow = { .fd = s->fd, .proto = IPPROTO_UDP };
	uint8_t *scratch = s->set->scratch;
	size_t len;
	int error;

	(void)loop, (void)revents;
	for (int i = 0; i < READ_BATCH && ev_is_active(w); i++) {
		error = udp_receive(s->fd, &s->local, scratch, UDP_MAX, &len, &flow.peer, &flow.local);
		if (error == EAGAIN)
			return;
		if (error == 0 && may_be_query(scratch, len))
			socket_request(s, &flow, scratch, len);
	}
}

static void
socket_accept_cb(void *arg, int fd, const union addr *peer)
{
	struct dns_socket *s = arg;
	struct flow flow = { .fd = fd, .proto = IPPROTO_TCP, .peer = *peer };

	if (s->set->clients.count >= DNS_CLIENTS_MAX || addr_of_socket(fd, &flow.local) != 0) {
		s->set->env.account->dns_failed++;
		close(fd);
		return;
	}
	socket_request(s, &flow, (const uint8_t *)"", 0);
}

int
dns_listeners_add(struct dns_listeners *set, int fd, int type, const union addr *local)
{
	struct dns_socket *s = calloc(1, sizeof(*s));
	int error = 0;

	if (s == NULL)
		return ENOMEM;
	s->set = set;
	s->local = *local;
	s->fd = -1;
	s->refs = 1;
	ev_io_init(&s->io, socket_udp_cb, fd, EV_READ);
	s->io.data = s;
	if (type == SOCK_STREAM) {
		s->tcp = listener_new(set->env.loop, fd, socket_accept_cb, s);
		error = s->tcp == NULL ? ENOMEM : 0;
	} else if (addr_is_any(local)) {
		error = udp_tell_local(fd, local->sa.sa_family);
	}
	if (error != 0) {
		free(s);
		return error;
	}
	if (type != SOCK_STREAM) {
		s->fd = fd;
		ev_io_start(set->env.loop, &s->io);
	}
	LIST_INSERT_HEAD(&set->sockets, s, link);
	return 0;
}

static void
request_answer_udp(const struct dns_request *r, const void *msg, size_t len)
{
	struct firewall *fw = r->socket->set->env.firewall;
	int error;

	if (addr_is_set(&r->meant))
		error = fw->ops->send_reply(fw, &r->flow, &r->meant, msg, len);
	else
		error = udp_send(r->flow.fd, addr_is_any(&r->socket->local) ? &r->flow.local : NULL,
		    &r->flow.peer, msg, len);
	if (error != 0 && error != EINPROGRESS)
		log_debug("dns: an answer cannot be sent: %s", strerror(error));
}

void
dns_request_answer(struct dns_request *r, const void *msg, size_t len)
{
	if (r->client != NULL) {
		dns_client_answer(r, msg, len);
		return;
	}
	request_answer_udp(r, msg, len);
	request_free(r);
}

void
dns_request_drop(struct dns_request *r)
{
	if (r->client != NULL)
		dns_client_answer(r, NULL, 0);
	else
		request_free(r);
}
