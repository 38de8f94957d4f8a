#include "config.h"

#include "worker/udp/assoc.h"

#include <sys/uio.h>

#include <unistd.h>

#include "base/log.h"
#include "host/net.h"
#include "host/udp.h"
#include "worker/record/account.h"

#define READ_BATCH 64

/* Rules that name the same proxies share their associations: the list of the first rule stands for all. */
static const struct conf_proxy *const *
assoc_list(const struct conf *conf, const struct verdict *v)
{
	const size_t size = v->nproxies * sizeof(v->proxies[0]);

	for (size_t i = 0; i < conf->nrules; i++)
		if (conf->rules[i].nproxies == v->nproxies && memcmp(conf->rules[i].proxies, v->proxies, size) == 0)
			return conf->rules[i].proxies;
	return v->proxies;
}

static void
assoc_free(struct assoc *a)
{
	HASH_DEL(a->all->table, a);
	if (a->upstream != NULL)
		upstream_cancel(a->upstream);
	ev_io_stop(a->all->env->loop, &a->control);
	ev_io_stop(a->all->env->loop, &a->relay);
	if (a->control.fd != -1)
		close(a->control.fd);
	if (a->relay.fd != -1)
		close(a->relay.fd);
	datagrams_drop(&a->waiting);
	free(a);
}

/* Frees the association, by making every member leave. */
static void
assoc_fail(struct assoc *a, enum close_reason reason)
{
	const bool was_up = ev_is_active(&a->relay);
	struct assoc_member *m, *next;

	for (m = LIST_FIRST(&a->members); m != NULL; m = next) {
		next = LIST_NEXT(m, next);
		a->all->failed(m->arg, reason, was_up);
	}
}

static void
assoc_received(struct assoc *a, const uint8_t *data, size_t size)
{
	struct socks5_udp head;
	int error = socks5_udp_parse(data, size, &head);

	if (error == 0)
		a->all->received(a, &head);
	else if (error == EOPNOTSUPP)
		account_count(a->all->env->account, COUNT_DROP_FRAGMENT, 1);
	else
		account_count(a->all->env->account, COUNT_DROP_MALFORMED, 1);
}

static void
assoc_relay_cb(struct ev_loop *loop, ev_io *w, int revents)
{
	struct assoc *a = w->data;
	uint8_t data[UDP_MAX];
	ssize_t n;

	for (int i = 0; i < READ_BATCH; i++) {
		n = recv(w->fd, data, sizeof(data), 0);
		if (n == -1 && errno == ECONNREFUSED)
			assoc_fail(a, CLOSE_PROXY_CLOSED);
		if (n == -1)
			return;
		assoc_received(a, data, (size_t)n);
	}
}

/* Drops bytes on the control connection; its end is the end of the association. */
static void
assoc_control_cb(struct ev_loop *loop, ev_io *w, int revents)
{
	uint8_t data[512];
	ssize_t n = recv(w->fd, data, sizeof(data), 0);

	if (n == 0 || (n == -1 && errno != EAGAIN && errno != EWOULDBLOCK && errno != EINTR))
		assoc_fail(w->data, CLOSE_PROXY_CLOSED);
}

/* The relay's address as the proxy gave it. Where the proxy gave no IP, or one that only it can reach, its own IP. */
static int
assoc_relay_addr(int control, const union addr *bound, union addr *relay)
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

/* Opens the UDP socket to the relay, on the interface that leads to the proxy. */
static int
assoc_connect(struct assoc *a, const union addr *relay)
{
	int fd, error = udp_socket(relay->sa.sa_family, &fd);

	if (error != 0)
		return error;
	ev_io_set(&a->relay, fd, EV_READ);
	if (a->proxy->interface != NULL)
		error = net_bind_interface(fd, relay->sa.sa_family, a->proxy->interface);
	if (error == 0 && connect(fd, &relay->sa, addr_len(relay)) == -1)
		error = errno;
	return error;
}

static void
assoc_upstream_cb(void *arg, const struct upstream_result *result)
{
	struct assoc *a = arg;
	union addr relay;
	char text[ADDR_TEXT_MAX];
	int error;

	a->upstream = NULL;
	a->proxy = result->proxy;
	if (result->fd == -1) {
		assoc_fail(a, result->reason);
		return;
	}
	ev_io_set(&a->control, result->fd, EV_READ);
	error = assoc_relay_addr(result->fd, &result->bound, &relay);
	if (error == 0)
		error = assoc_connect(a, &relay);
	if (error != 0) {
		log_warn("proxy %u: cannot reach its UDP relay %s: %s", a->proxy->id, addr_format(&relay, text),
		    strerror(error));
		assoc_fail(a, CLOSE_UNREACHABLE);
		return;
	}
	ev_io_start(a->all->env->loop, &a->control);
	ev_io_start(a->all->env->loop, &a->relay);
	for (const struct datagram *d = a->waiting.first; d != NULL; d = d->next)
		if (send(a->relay.fd, d->data, d->len, 0) == -1)
			log_debug("udp: cannot send a queued datagram: %s", strerror(errno));
	datagrams_drop(&a->waiting);
}

/* The proxies that may have UDP; the caller frees the list. NULL: no memory. */
static const struct conf_proxy **
assoc_candidates(const struct assoc_request *q, double now, size_t *count)
{
	const struct verdict *v = q->verdict;
	const struct conf_proxy **list = calloc(v->nproxies + 1, sizeof(*list));

	*count = 0;
	for (size_t i = 0; list != NULL && i < v->nproxies; i++) {
		const struct proxy *proxy = policy_proxy(q->policy, v->proxies[i]);

		if (q->insist || !proxy->udp_known || proxy->udp || now >= proxy->udp_retry_at)
			list[(*count)++] = v->proxies[i];
	}
	return list;
}

static enum close_reason
assoc_new(struct assocs *all, const struct assoc_request *q, const struct assoc_key *key, struct assoc **out)
{
	const struct target target = { .associate = true };
	size_t count;
	const struct conf_proxy **list = assoc_candidates(q, ev_now(all->env->loop), &count);
	const enum close_reason reason = list != NULL && count == 0 ? CLOSE_SOCKS_COMMAND : CLOSE_ERROR;
	struct assoc *a = calloc(1, sizeof(*a));

	if (a != NULL && count > 0)
		a->upstream = upstream_open(all->env->upstream, q->policy, list, count, &target, assoc_upstream_cb, a);
	free(list);
	if (a == NULL || a->upstream == NULL) {
		free(a);
		return reason;
	}
	a->key = *key;
	a->all = all;
	ev_io_init(&a->control, assoc_control_cb, -1, EV_READ);
	ev_io_init(&a->relay, assoc_relay_cb, -1, EV_READ);
	a->control.data = a->relay.data = a;
	HASH_ADD(hh, all->table, key, sizeof(a->key), a);
	*out = a;
	return CLOSE_DONE;
}

enum close_reason
assoc_join(struct assocs *all, const struct assoc_request *q, struct assoc_member *m)
{
	enum close_reason reason = CLOSE_DONE;
	struct assoc_key key;
	struct assoc *a;

	memset(&key, 0, sizeof(key));
	key.client = addr_key(q->client);
	key.proxies = assoc_list(q->policy->conf, q->verdict);
	if (q->fake != NULL)
		key.fake = addr_key(q->fake);
	HASH_FIND(hh, all->table, &key, sizeof(key), a);
	if (a == NULL)
		reason = assoc_new(all, q, &key, &a);
	if (reason != CLOSE_DONE)
		return reason;
	m->assoc = a;
	LIST_INSERT_HEAD(&a->members, m, next);
	return CLOSE_DONE;
}

void
assoc_leave(struct assoc_member *m)
{
	struct assoc *a = m->assoc;

	m->assoc = NULL;
	LIST_REMOVE(m, next);
	if (LIST_EMPTY(&a->members))
		assoc_free(a);
}

int
assoc_send(struct assoc *a, const char *host, const union addr *dst, const uint8_t *msg, size_t len)
{
	uint8_t header[SOCKS5_UDP_HEADER_MAX];
	const size_t header_len = socks5_udp_header(host, dst, header);
	/* an iovec has no const form */
	const struct iovec iov[] = { { header, header_len }, { (void *)(uintptr_t)msg, len } };
	struct datagram *d;

	if (header_len + len > UDP_MAX)
		return EMSGSIZE;
	if (ev_is_active(&a->relay))
		return writev(a->relay.fd, iov, 2) == -1 ? errno : 0;
	d = datagrams_add(&a->waiting, ASSOC_QUEUE, ASSOC_QUEUE_BYTES, header_len + len);
	if (d == NULL)
		return ENOBUFS;
	memcpy(d->data, header, header_len);
	memcpy(d->data + header_len, msg, len);
	return 0;
}
