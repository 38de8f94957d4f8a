#include "config.h"

#include "kernel/reply_socket.h"

#include <ev.h>
#include <unistd.h>

#include "base/datagrams.h"
#include "base/hash.h"
#include "host/ifaddrs.h"
#include "host/udp.h"
#include "process/ipc.h"

#define ASK_MS     2000
#define REFUSED_S  1.0

/* The options that allow a socket to be bound to a foreign address, by family. */
#if defined(IP_TRANSPARENT)
enum { ANY4_LEVEL = IPPROTO_IP, ANY4 = IP_TRANSPARENT, ANY6_LEVEL = IPPROTO_IPV6, ANY6 = IPV6_TRANSPARENT };
#elif defined(SO_BINDANY)
enum { ANY4_LEVEL = SOL_SOCKET, ANY4 = SO_BINDANY, ANY6_LEVEL = SOL_SOCKET, ANY6 = SO_BINDANY };
#endif

struct reply_socket {
	struct addr_key key;
	struct reply_firewall *all;
	UT_hash_handle hh;              /* in the order of use, the oldest first */
	uint32_t id;                    /* of the pending request; 0: none */
	int      fd;                    /* -1: not yet open, or refused */
	double   refused_until;
	struct datagrams queue;
};

struct reply_firewall {
	struct firewall      fw;
	struct reply_socket *table;
};

const char *const firewall_device = NULL;

struct firewall *
firewall_reply_new(const struct firewall_ops *ops, struct ev_loop *loop, struct ipc *ipc)
{
	struct reply_firewall *all = calloc(1, sizeof(*all));

	if (all == NULL)
		return NULL;
	all->fw.ops = ops;
	all->fw.loop = loop;
	all->fw.ipc = ipc;
	return &all->fw;
}

static void
reply_socket_end(struct reply_socket *s)
{
	HASH_DEL(s->all->table, s);
	if (s->id != 0)
		ipc_cancel(s->all->fw.ipc, s->id);
	if (s->fd != -1)
		close(s->fd);
	datagrams_drop(&s->queue);
	free(s);
}

void
firewall_reply_cancel(struct firewall *fw, void *arg)
{
	(void)fw, (void)arg; /* nothing is ever pending */
}

void
firewall_reply_free(struct firewall *fw)
{
	struct reply_firewall *all = (struct reply_firewall *)fw;

	while (all->table != NULL)
		reply_socket_end(all->table);
	free(all);
}

/* The helper answered, or its time is over. */
static void
answer_cb(void *arg, int error, const struct ipc_msg *msg, int fd)
{
	struct reply_socket *s = arg;
	struct datagram *d;

	s->id = 0;
	s->fd = fd;
	if (error != 0 || fd == -1)
		s->refused_until = ev_now(s->all->fw.loop) + REFUSED_S;
	else
		for (d = s->queue.first; d != NULL; d = d->next)
			udp_send(fd, NULL, &d->peer, d->data, d->len);
	datagrams_drop(&s->queue);
}

/* Asks the helper, unless a request is pending or was refused within the last second. */
static int
ask(struct reply_socket *s, const union addr *src)
{
	struct ipc_msg msg = { .type = IPC_SOCKET, .socket = { .addr = *src } };

	if (s->id != 0)
		return 0;
	if (ev_now(s->all->fw.loop) < s->refused_until)
		return EADDRNOTAVAIL;
	s->id = ipc_request(s->all->fw.ipc, &msg, ASK_MS, answer_cb, s);
	return s->id != 0 ? 0 : EPIPE;
}

/* Finds or makes the entry of src, and moves it to the end of the list. */
static struct reply_socket *
reply_socket_use(struct reply_firewall *all, const union addr *src)
{
	const struct addr_key key = addr_key(src);
	struct reply_socket *s;

	HASH_FIND(hh, all->table, &key, sizeof(key), s);
	if (s != NULL) {
		HASH_DEL(all->table, s);
	} else {
		s = calloc(1, sizeof(*s));
		if (s == NULL)
			return NULL;
		if (HASH_COUNT(all->table) >= REPLY_SOCKETS_MAX)
			reply_socket_end(all->table);
		s->all = all;
		s->key = key;
		s->fd = -1;
	}
	HASH_ADD(hh, all->table, key, sizeof(s->key), s);
	return s;
}

int
firewall_reply_send(struct firewall *fw, const struct flow *flow, const union addr *src, const void *msg, size_t len)
{
	struct reply_socket *s = reply_socket_use((struct reply_firewall *)fw, src);
	struct datagram *d;
	int error;

	if (s == NULL)
		return ENOMEM;
	if (s->fd != -1)
		return udp_send(s->fd, NULL, &flow->peer, msg, len);
	error = ask(s, src);
	if (error != 0)
		return error;
	d = datagrams_add(&s->queue, REPLY_QUEUE_MAX, REPLY_QUEUE_BYTES, len);
	if (d == NULL)
		return ENOBUFS;
	d->peer = flow->peer;
	memcpy(d->data, msg, len);
	return EINPROGRESS;
}

/* Opens a non-blocking UDP socket bound to any address. */
static int
reply_socket_open(const union addr *addr, int *fd)
{
	const bool v6 = addr->sa.sa_family == AF_INET6;
	const int on = 1;
	int error;

	*fd = -1;
	if ((addr->sa.sa_family != AF_INET && !v6) || addr_port(addr) == 0 || addr_is_any(addr))
		return EINVAL;
	error = udp_socket(addr->sa.sa_family, fd);
	if (error != 0)
		return error;
	if (setsockopt(*fd, v6 ? ANY6_LEVEL : ANY4_LEVEL, v6 ? ANY6 : ANY4, &on, sizeof(on)) == -1 ||
	    setsockopt(*fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on)) == -1 ||
	    setsockopt(*fd, SOL_SOCKET, SO_REUSEPORT, &on, sizeof(on)) == -1 ||
	    bind(*fd, &addr->sa, addr_len(addr)) == -1)
		error = errno;
	if (error != 0) {
		close(*fd);
		*fd = -1;
	}
	return error;
}

void
firewall_serve(struct ipc *ipc, const struct ipc_msg *request)
{
	struct ipc_msg answer = { .type = request->type, .id = request->id };
	int fd = -1;

	/* On an address of this host, the worker must not take ports of other programs. */
	answer.error = ifaddrs_has(&request->socket.addr);
	if (answer.error == 0)
		answer.error = EACCES;
	else if (answer.error == ENOENT)
		answer.error = reply_socket_open(&request->socket.addr, &fd);
	ipc_send(ipc, &answer, fd);
	if (fd != -1)
		close(fd);
}
