#include "config.h"

#include "worker/dns/dns_listener.h"

#include <ev.h>

#include <unistd.h>

#include "base/log.h"
#include "worker/upstream/policy.h"
#include "host/listener.h"
#include "host/udp.h"

#define READ_BATCHES 4

/* One listening socket. It stays until its last request has ended. */
struct dns_socket {
	LIST_ENTRY(dns_socket) link;
	struct dns_listeners  *set;
	union addr             local;
	ev_io                  io;              /* UDP; TCP: fd -1 */
	struct listener       *tcp;             /* TCP; owns the socket */
	unsigned               refs;            /* one while it receives, and one for each request */
};

static void
socket_unref(struct dns_socket *s)
{
	if (--s->refs > 0)
		return;
	if (s->io.fd != -1) {
		s->set->clients.outlet->closing(s->set->clients.outlet->arg, s->io.fd);
		close(s->io.fd);
	}
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

/* Was it an answer (QR, the first bit of the third byte), or nothing, that was sent to us? Two servers would answer
 * each other for ever. */
static bool
is_answer_to_us(const struct dns_request *r)
{
	return !addr_is_set(&r->meant) && (r->len < 3 || (r->msg[2] & 0x80) != 0);
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
	if (error == 0 && !firewall_is_listener(set->clients.env->firewall, dst))
		r->meant = *dst;
	else if (error == ENOENT && asked_us(r->socket, &r->flow))
		error = 0;
	if (error == 0 && !tcp && !is_answer_to_us(r)) {
		set->clients.received(set->clients.arg, r);
		return;
	}
	if (error == 0 && tcp)
		error = dns_client_new(&set->clients, &r->flow, &r->meant);
	if (error != 0) {
		account_count(set->clients.env->account, COUNT_DNS_FAILED, 1);
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
	struct firewall *fw = set->clients.env->firewall;
	const struct policy *policy = set->clients.env->policy;
	struct dns_request *r = NULL;
	union addr dst;
	int error;

	if (policy != NULL && set->nlookups < policy->conf->limits.dns_queries)
		r = dns_request_new(flow, msg, len);
	if (r == NULL) {
		account_count(set->clients.env->account, COUNT_DNS_FAILED, 1);
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
			if (d->len > 0)
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
	s->tcp = tcp ? listener_new(set->clients.env->loop, fd, socket_accept_cb, s) : NULL;
	if (tcp && s->tcp == NULL) {
		free(s);
		return ENOMEM;
	}
	if (!tcp)
		ev_io_start(set->clients.env->loop, &s->io);
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
		ev_io_stop(set->clients.env->loop, &s->io);
		listener_free(s->tcp);
		socket_unref(s);
	}
}

void
dns_listeners_close(struct dns_listeners *set)
{
	struct dns_request *r;

	while ((r = LIST_FIRST(&set->lookups)) != NULL) {
		set->clients.env->firewall->ops->cancel(set->clients.env->firewall, r);
		request_looked_up(r, ECANCELED, NULL);
	}
	dns_clients_close(&set->clients);
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
		dns_client_answer(r, msg, len);
		return;
	}
	fw = r->socket->set->clients.env->firewall;
	if (msg != NULL && addr_is_set(&r->meant))
		log_unsent(fw->ops->send_reply(fw, &r->flow, &r->meant, msg, len));
	else if (msg != NULL)
		log_unsent(request_send(r, msg, len));
	request_free(r);
}
