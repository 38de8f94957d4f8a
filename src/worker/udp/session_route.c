#include "config.h"

#include "worker/udp/session_route.h"

#include <sys/uio.h>

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include "base/log.h"
#include "host/net.h"
#include "host/udp.h"
#include "wire/socks5_udp.h"

#define READ_BATCH 64

/* Rules that name the same proxies share their routes: the list of the first of them stands for all. */
static const struct conf_proxy *const *
route_list(const struct conf *conf, const struct verdict *v)
{
	const size_t size = v->nproxies * sizeof(v->proxies[0]);

	for (size_t i = 0; i < conf->nrules; i++)
		if (conf->rules[i].nproxies == v->nproxies && memcmp(conf->rules[i].proxies, v->proxies, size) == 0)
			return conf->rules[i].proxies;
	return v->proxies;
}

static void
route_free(struct route *r)
{
	HASH_DEL(r->all->routes, r);
	if (r->upstream != NULL)
		upstream_cancel(r->upstream);
	ev_io_stop(r->all->env->loop, &r->control);
	ev_io_stop(r->all->env->loop, &r->relay);
	if (r->control.fd != -1)
		close(r->control.fd);
	if (r->relay.fd != -1)
		close(r->relay.fd);
	datagrams_drop(&r->waiting);
	free(r);
}

/* With the last session the route is gone. */
static void
route_end(struct route *r, enum close_reason reason)
{
	const bool stood = ev_is_active(&r->relay);
	struct session *s, *next;

	for (s = LIST_FIRST(&r->sessions); s != NULL; s = next) {
		next = LIST_NEXT(s, of_route);
		if (stood)
			session_end(s, reason);
		else
			session_refuse(s, reason);
	}
}

/* The session that was sent by this name, or whose answers come from this address, or may: the proxy looked the
 * name up itself, and a first answer from the right port tells what it found. */
static struct session *
route_named_session(struct route *r, const struct socks5_udp *head)
{
	struct session *s, *guess = NULL;

	LIST_FOREACH(s, &r->sessions, of_route) {
		if (s->record.host == NULL || addr_port(&s->record.dst) != head->port)
			continue;
		if (!addr_is_set(&head->addr) && strcasecmp(s->record.host, head->host) == 0)
			return s;
		if (addr_is_set(&head->addr) && addr_equal(&s->heard, &head->addr))
			return s;
		if (addr_is_set(&head->addr) && !addr_is_set(&s->heard) && (guess == NULL || guess->last < s->last))
			guess = s;
	}
	if (guess != NULL)
		guess->heard = head->addr;
	return guess;
}

/* May the client see a datagram from this address, to which it has not sent? Where it was delivered to our
 * listener's own address (pf), the kernel would show another source. */
static bool
route_may_show(const struct route *r, const struct session *any, const union addr *src)
{
	const struct firewall *fw = r->all->env->firewall;

	return src->sa.sa_family == any->flow.peer.sa.sa_family && addr_port(src) != 0 &&
	    !firewall_is_listener(fw, &any->flow.local) && !addr_is_any(src) && !addr_is_loopback(src) &&
	    !addr_is_multicast(src) && !addr_is_linklocal(src);
}

static void
route_received(struct route *r, const uint8_t *data, size_t size)
{
	struct sessions *all = r->all;
	struct session *any = LIST_FIRST(&r->sessions), *s = NULL;
	struct socks5_udp head;
	int error = socks5_udp_parse(data, size, &head);

	if (error != 0) {
		if (error == EOPNOTSUPP)
			account_count(all->env->account, COUNT_DROP_FRAGMENT, 1);
		else
			account_count(all->env->account, COUNT_DROP_MALFORMED, 1);
		return;
	}
	if (any->fake != NULL)
		s = any;
	else if (addr_is_set(&head.addr))
		s = session_find(all, &any->flow.peer, &head.addr);
	if (s != NULL && s->route != r) {
		account_count(all->env->account, COUNT_DROP_STRANGER, 1);        /* the client goes there by another way */
		return;
	}
	if (s == NULL)
		s = route_named_session(r, &head);
	if (s != NULL)
		session_answer(s, &s->record.dst, head.payload, head.len);
	else if (route_may_show(r, any, &head.addr))
		session_answer(any, &head.addr, head.payload, head.len);
	else
		account_count(all->env->account, COUNT_DROP_STRANGER, 1);
}

static void
route_relay_cb(struct ev_loop *loop, ev_io *w, int revents)
{
	struct route *r = w->data;
	uint8_t data[UDP_MAX];
	ssize_t n;

	for (int i = 0; i < READ_BATCH; i++) {
		n = recv(w->fd, data, sizeof(data), 0);
		if (n == -1 && errno == ECONNREFUSED)
			route_end(r, CLOSE_PROXY_CLOSED);
		if (n == -1)
			return;
		route_received(r, data, (size_t)n);
	}
}

/* The proxy says nothing more here; what it may say is read away, its end is the association's. */
static void
route_control_cb(struct ev_loop *loop, ev_io *w, int revents)
{
	uint8_t data[512];
	ssize_t n = recv(w->fd, data, sizeof(data), 0);

	if (n == 0 || (n == -1 && errno != EAGAIN && errno != EWOULDBLOCK && errno != EINTR))
		route_end(w->data, CLOSE_PROXY_CLOSED);
}

/* The proxy's own address where it names none, or names itself in a way that only it can use. */
static int
route_relay_addr(int control, const union addr *bound, union addr *relay)
{
	union addr proxy;
	int error = addr_of_peer(control, &proxy);

	*relay = *bound;
	if (addr_is_any(bound) || (addr_is_loopback(bound) && !addr_is_loopback(&proxy))) {
		*relay = proxy;
		addr_set_port(relay, addr_port(bound));
	}
	return error;
}

/* A UDP socket to the relay, by the interface that the proxy is reached by. */
static int
route_connect(struct route *r, const union addr *relay)
{
	int fd, error = udp_socket(relay->sa.sa_family, &fd);

	if (error != 0)
		return error;
	ev_io_set(&r->relay, fd, EV_READ);
	if (r->proxy->interface != NULL)
		error = net_bind_interface(fd, relay->sa.sa_family, r->proxy->interface);
	if (error == 0 && connect(fd, &relay->sa, addr_len(relay)) == -1)
		error = errno;
	return error;
}

static void
route_upstream_cb(void *arg, const struct upstream_result *result)
{
	struct route *r = arg;
	union addr relay;
	char text[ADDR_TEXT_MAX];
	int error;

	r->upstream = NULL;
	r->proxy = result->proxy;
	if (result->fd == -1) {
		route_end(r, result->reason);
		return;
	}
	ev_io_set(&r->control, result->fd, EV_READ);
	error = route_relay_addr(result->fd, &result->bound, &relay);
	if (error == 0)
		error = route_connect(r, &relay);
	if (error != 0) {
		log_warn("proxy %u: its UDP relay %s cannot be reached: %s", r->proxy->id, addr_format(&relay, text),
		    strerror(error));
		route_end(r, CLOSE_UNREACHABLE);
		return;
	}
	ev_io_start(r->all->env->loop, &r->control);
	ev_io_start(r->all->env->loop, &r->relay);
	for (const struct datagram *d = r->waiting.first; d != NULL; d = d->next)
		if (send(r->relay.fd, d->data, d->len, 0) == -1)
			log_debug("udp: a datagram that waited cannot be sent: %s", strerror(errno));
	datagrams_drop(&r->waiting);
}

/* The proxies that may have UDP. NULL: no memory. The caller frees it. */
static const struct conf_proxy **
route_candidates(struct session *s, bool insist, size_t *count)
{
	const struct verdict *v = &s->record.verdict;
	const double now = ev_now(s->all->env->loop);
	const struct conf_proxy **list = calloc(v->nproxies + 1, sizeof(*list));

	*count = 0;
	for (size_t i = 0; list != NULL && i < v->nproxies; i++) {
		const struct proxy *proxy = policy_proxy(s->policy, v->proxies[i]);

		if (insist || !proxy->udp_known || proxy->udp || now >= proxy->udp_retry_at)
			list[(*count)++] = v->proxies[i];
	}
	return list;
}

static enum close_reason
route_new(struct session *s, const struct route_key *key, bool insist, struct route **out)
{
	const struct target target = { .associate = true };
	struct sessions *all = s->all;
	size_t count;
	const struct conf_proxy **list = route_candidates(s, insist, &count);
	struct route *r = calloc(1, sizeof(*r));

	if (r != NULL && count > 0)
		r->upstream = upstream_open(all->env->upstream, s->policy, list, count, &target, route_upstream_cb, r);
	if (r == NULL || r->upstream == NULL) {
		free(r);
		free(list);
		return list != NULL && count == 0 ? CLOSE_SOCKS_COMMAND : CLOSE_ERROR;
	}
	free(list);
	r->key = *key;
	r->all = all;
	ev_io_init(&r->control, route_control_cb, -1, EV_READ);
	ev_io_init(&r->relay, route_relay_cb, -1, EV_READ);
	r->control.data = r->relay.data = r;
	HASH_ADD(hh, all->routes, key, sizeof(r->key), r);
	*out = r;
	return CLOSE_DONE;
}

enum close_reason
session_route_join(struct session *s, bool insist)
{
	struct route_key key;
	struct route *r;
	enum close_reason reason;

	memset(&key, 0, sizeof(key));
	key.client = addr_key(&s->flow.peer);
	key.proxies = route_list(s->policy->conf, &s->record.verdict);
	if (s->fake != NULL)
		key.fake = addr_key(&s->record.dst);
	HASH_FIND(hh, s->all->routes, &key, sizeof(key), r);
	if (r == NULL) {
		reason = route_new(s, &key, insist, &r);
		if (reason != CLOSE_DONE)
			return reason;
	}
	s->route = r;
	s->state = SESSION_PROXY;
	LIST_INSERT_HEAD(&r->sessions, s, of_route);
	return CLOSE_DONE;
}

void
session_route_leave(struct session *s)
{
	struct route *r = s->route;

	s->record.proxy = r->proxy;
	s->route = NULL;
	LIST_REMOVE(s, of_route);
	if (LIST_EMPTY(&r->sessions))
		route_free(r);
}

int
session_route_send(struct session *s, const uint8_t *msg, size_t len)
{
	struct route *r = s->route;
	uint8_t header[SOCKS5_UDP_HEADER_MAX];
	const size_t header_len = socks5_udp_header(s->record.host, &s->record.dst, header);
	/* an iovec has no const form */
	const struct iovec iov[] = { { header, header_len }, { (void *)(uintptr_t)msg, len } };
	struct datagram *d;

	if (header_len + len > UDP_MAX)
		return EMSGSIZE;
	if (ev_is_active(&r->relay))
		return writev(r->relay.fd, iov, 2) == -1 ? errno : 0;
	d = datagrams_add(&r->waiting, ROUTE_QUEUE, ROUTE_QUEUE_BYTES, header_len + len);
	if (d == NULL)
		return ENOBUFS;
	memcpy(d->data, header, header_len);
	memcpy(d->data + header_len, msg, len);
	return 0;
}
