#include "config.h"

#include "association.h"

#include <sys/uio.h>

#include <ev.h>

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "datagrams.h"
#include "log.h"
#include "net.h"
#include "udp.h"

#define READ_BATCH 64

struct association {
	struct ev_loop        *loop;
	struct policy         *policy;
	struct upstream       *upstream;        /* while it is being made */
	const struct conf_proxy *proxy;
	int                    control, relay;  /* -1 while it is being made */
	ev_io                  control_io, relay_io;
	struct datagrams       waiting;
	const struct association_events *events;
	void                  *arg;
	bool                  *closed;          /* set while an event may close us */
};

void
association_close(struct association *a)
{
	if (a->upstream != NULL)
		upstream_cancel(a->upstream);
	ev_io_stop(a->loop, &a->control_io);
	ev_io_stop(a->loop, &a->relay_io);
	if (a->control != -1)
		close(a->control);
	if (a->relay != -1)
		close(a->relay);
	datagrams_drop(&a->waiting);
	policy_unref(a->policy);
	if (a->closed != NULL)
		*a->closed = true;
	free(a);
}

static void
association_end(struct association *a, enum close_reason reason)
{
	bool closed = false;

	a->closed = &closed;
	a->events->ended(a->arg, reason, a->proxy);
	if (closed)
		return;
	a->closed = NULL;
	association_close(a);
}

/* The proxy says nothing more here; what it may say is read away, its end is the association's. */
static void
association_control_cb(struct ev_loop *loop, ev_io *w, int revents)
{
	struct association *a = w->data;
	uint8_t data[512];
	ssize_t n = recv(a->control, data, sizeof(data), 0);

	(void)loop, (void)revents;
	if (n == 0 || (n == -1 && errno != EAGAIN && errno != EWOULDBLOCK && errno != EINTR))
		association_end(a, CLOSE_PROXY_CLOSED);
}

static void
association_relay_cb(struct ev_loop *loop, ev_io *w, int revents)
{
	struct association *a = w->data;
	bool closed = false;
	uint8_t data[UDP_MAX];
	ssize_t n;

	(void)loop, (void)revents;
	for (int i = 0; i < READ_BATCH; i++) {
		n = recv(a->relay, data, sizeof(data), 0);
		if (n == -1 && errno == ECONNREFUSED)
			association_end(a, CLOSE_PROXY_CLOSED);
		if (n == -1)
			return;
		a->closed = &closed;
		a->events->received(a->arg, data, (size_t)n);
		if (closed)
			return;
		a->closed = NULL;
	}
}

/* A UDP socket to the relay, by the interface that the proxy is reached by. */
static int
association_connect(struct association *a, const union addr *relay)
{
	const int family = relay->sa.sa_family;
	int error = 0;

	a->relay = socket(family, SOCK_DGRAM, 0);
	if (a->relay == -1)
		return errno;
	if (a->proxy->interface != NULL)
		error = net_bind_interface(a->relay, family, a->proxy->interface);
	if (error == 0 && (fcntl(a->relay, F_SETFD, FD_CLOEXEC) == -1 || fcntl(a->relay, F_SETFL, O_NONBLOCK) == -1 ||
	    connect(a->relay, &relay->sa, addr_len(relay)) == -1))
		error = errno;
	return error;
}

/* The proxy's own address where it names none, or names itself in a way that only it can use. */
static int
association_relay_addr(int control, const union addr *bound, union addr *relay)
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

static void
association_send_waiting(struct association *a)
{
	struct datagram *w;

	for (w = a->waiting.first; w != NULL; w = w->next)
		if (send(a->relay, w->data, w->len, 0) == -1)
			log_debug("udp: a datagram that waited cannot be sent: %s", strerror(errno));
	datagrams_drop(&a->waiting);
}

static void
association_upstream_cb(void *arg, const struct upstream_result *result)
{
	struct association *a = arg;
	union addr relay;
	char text[ADDR_TEXT_MAX];
	int error;

	a->upstream = NULL;
	a->proxy = result->proxy;
	a->control = result->fd;
	if (result->fd == -1) {
		association_end(a, result->reason);
		return;
	}
	error = association_relay_addr(a->control, &result->bound, &relay);
	if (error == 0)
		error = association_connect(a, &relay);
	if (error != 0) {
		log_warn("proxy %u: its UDP relay %s cannot be reached: %s", a->proxy->id, addr_format(&relay, text),
		    strerror(error));
		association_end(a, CLOSE_UNREACHABLE);
		return;
	}
	ev_io_init(&a->control_io, association_control_cb, a->control, EV_READ);
	ev_io_init(&a->relay_io, association_relay_cb, a->relay, EV_READ);
	a->control_io.data = a->relay_io.data = a;
	ev_io_start(a->loop, &a->control_io);
	ev_io_start(a->loop, &a->relay_io);
	association_send_waiting(a);
	a->events->ready(a->arg, a->proxy);
}

struct association *
association_open(const struct upstream_env *env, struct policy *policy, const struct conf_proxy *const *proxies,
    size_t nproxies, const struct association_events *events, void *arg)
{
	const struct target target = { .associate = true };
	struct association *a = calloc(1, sizeof(*a));

	if (a == NULL)
		return NULL;
	a->loop = env->loop;
	a->control = a->relay = -1;
	a->events = events;
	a->arg = arg;
	ev_init(&a->control_io, association_control_cb);
	ev_init(&a->relay_io, association_relay_cb);
	a->upstream = upstream_open(env, policy, proxies, nproxies, &target, association_upstream_cb, a);
	if (a->upstream == NULL) {
		free(a);
		return NULL;
	}
	a->policy = policy_ref(policy);
	return a;
}

int
association_send(struct association *a, const uint8_t *header, size_t header_len, const uint8_t *payload, size_t len)
{
	/* an iovec has no const form */
	const struct iovec iov[] = { { (void *)(uintptr_t)header, header_len }, { (void *)(uintptr_t)payload, len } };
	struct datagram *w;

	if (header_len + len > UDP_MAX)
		return EMSGSIZE;
	if (a->relay == -1) {
		w = datagrams_add(&a->waiting, ASSOCIATION_QUEUE, ASSOCIATION_QUEUE_BYTES, header_len + len);
		if (w == NULL)
			return ENOBUFS;
		memcpy(w->data, header, header_len);
		memcpy(w->data + header_len, payload, len);
		return 0;
	}
	return writev(a->relay, iov, 2) == -1 ? errno : 0;
}
