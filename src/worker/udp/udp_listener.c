#include "config.h"

#include "worker/udp/udp_listener.h"

#include <unistd.h>

#include "base/datagrams.h"
#include "base/hash.h"
#include "host/udp.h"

#define READ_BATCH 64

struct lookup_key {
	struct addr_key peer, local;
};

/* The original destination of datagrams from peer to local, known or asked for. */
struct lookup {
	UT_hash_handle       hh;        /* in the order of asking, oldest first */
	struct lookup_key    key;
	struct udp_listener *listener;
	struct flow          flow;
	bool                 asking, known;
	double               until;     /* dst is valid */
	union addr           dst;
	struct datagrams     waiting;
};

static void
lookup_free(struct lookup *l)
{
	struct udp_listener *u = l->listener;

	HASH_DEL(u->lookups, l);
	if (l->asking)
		u->firewall->ops->cancel(u->firewall, l);
	datagrams_drop(&l->waiting);
	free(l);
}

/* Frees expired entries, and the oldest one if there are too many. */
static void
lookup_make_room(struct udp_listener *u)
{
	struct lookup *l;

	while ((l = u->lookups) != NULL && (HASH_COUNT(u->lookups) >= UDP_LOOKUPS ||
	    (!l->asking && l->until <= ev_now(u->loop))))
		lookup_free(l);
}

/* Makes the entry of this flow the youngest, or makes a new one. NULL: no memory. */
static struct lookup *
lookup_renew(struct udp_listener *u, struct lookup *l, const struct lookup_key *key)
{
	if (l != NULL) {
		HASH_DEL(u->lookups, l);
	} else {
		lookup_make_room(u);
		l = calloc(1, sizeof(*l));
		if (l == NULL)
			return NULL;
		l->key = *key;
		l->listener = u;
	}
	HASH_ADD(hh, u->lookups, key, sizeof(l->key), l);
	return l;
}

/* pf may have dropped a state whose last datagram was still on its way: then the known destination is used once
 * more. */
static int
lookup_answered(struct lookup *l, int error, const union addr *dst)
{
	const double now = ev_now(l->listener->loop);

	if (error == ENOENT && l->known) {
		l->known = false;
		l->until = now;
		return 0;
	}
	l->known = error == 0;
	l->until = now + UDP_LOOKUP_S;
	if (error == 0)
		l->dst = *dst;
	return error;
}

static void
lookup_cb(void *arg, int error, const union addr *dst)
{
	struct lookup *l = arg;
	struct udp_listener *u = l->listener;
	struct datagram *w;

	l->asking = false;
	error = lookup_answered(l, error, dst);
	while ((w = datagrams_take(&l->waiting)) != NULL) {
		u->cb(u->arg, error, &l->flow, &l->dst, error == 0 ? w->data : NULL, w->len);
		free(w);
	}
	if (error != 0)
		lookup_free(l);
}

static int
lookup_wait(struct lookup *l, const uint8_t *msg, size_t len)
{
	struct datagram *w = datagrams_add(&l->waiting, UDP_LOOKUP_QUEUE, UDP_LOOKUP_QUEUE * UDP_MAX, len);

	if (w == NULL)
		return ENOBUFS;
	memcpy(w->data, msg, len);
	return EINPROGRESS;
}

/* Finds the destination. 0: *dst is set; EINPROGRESS: msg was queued; else it cannot be delivered. */
static int
udp_listener_lookup(struct udp_listener *u, const struct flow *flow, const uint8_t *msg, size_t len, union addr *dst)
{
	struct lookup_key key = { addr_key(&flow->peer), addr_key(&flow->local) };
	struct lookup *l;
	int error;

	HASH_FIND(hh, u->lookups, &key, sizeof(key), l);
	if (l != NULL && l->asking)
		return lookup_wait(l, msg, len);
	if (l == NULL || l->until <= ev_now(u->loop)) {
		l = lookup_renew(u, l, &key);
		if (l == NULL)
			return ENOMEM;
		l->flow = *flow;
		error = u->firewall->ops->original_dst(u->firewall, flow, dst, lookup_cb, l);
		if (error == EINPROGRESS) {
			l->asking = true;
			return lookup_wait(l, msg, len);
		}
		error = lookup_answered(l, error, dst);
		if (error != 0) {
			lookup_free(l);
			return error;
		}
	}
	*dst = l->dst;
	return 0;
}

static void
udp_listener_read_cb(struct ev_loop *loop, ev_io *w, int revents)
{
	struct udp_listener *u = w->data;
	struct flow flow = { .fd = w->fd, .proto = IPPROTO_UDP };
	uint8_t data[UDP_MAX];
	union addr dst;
	size_t len;
	int error;

	for (int i = 0; i < READ_BATCH; i++) {
		error = udp_receive_flow(w->fd, &u->local, data, sizeof(data), &len, &flow);
		if (error == EAGAIN)
			return;
		if (error != 0)
			continue;
		dst = addr_none;
		error = udp_listener_lookup(u, &flow, data, len, &dst);
		if (error != EINPROGRESS)
			u->cb(u->arg, error, &flow, &dst, error == 0 ? data : NULL, len);
	}
}

struct udp_listener *
udp_listener_new(struct ev_loop *loop, struct firewall *firewall, int fd, const union addr *local,
    udp_listener_cb *cb, void *arg)
{
	struct udp_listener *u = calloc(1, sizeof(*u));

	if (u == NULL)
		return NULL;
	u->loop = loop;
	u->firewall = firewall;
	u->local = *local;
	u->cb = cb;
	u->arg = arg;
	ev_io_init(&u->readable, udp_listener_read_cb, fd, EV_READ);
	u->readable.data = u;
	ev_io_start(loop, &u->readable);
	return u;
}

void
udp_listener_free(struct udp_listener *u)
{
	if (u == NULL)
		return;
	while (u->lookups != NULL)
		lookup_free(u->lookups);
	ev_io_stop(u->loop, &u->readable);
	close(u->readable.fd);
	free(u);
}
