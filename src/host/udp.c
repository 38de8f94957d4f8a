#include "config.h"

#include "host/udp.h"

#include <sys/uio.h>

#include <fcntl.h>
#include <unistd.h>

#include "host/mmsg.h"

#define CONTROL_MAX 512

struct control { _Alignas(struct cmsghdr) char bytes[CONTROL_MAX]; };

#ifdef SOCK_CLOEXEC
enum { SOCKET_FLAGS = SOCK_CLOEXEC | SOCK_NONBLOCK };
#else
enum { SOCKET_FLAGS = 0 };
#endif

/* A kind of control message, whose decode() puts address, port or both into local, and an interface into device. */
struct told {
	int    level, type;
	size_t size;
	void (*decode)(const void *data, union addr *local, unsigned *device);
};

static void
told_pktinfo6(const void *data, union addr *local, unsigned *device)
{
	struct in6_pktinfo info;

	memcpy(&info, data, sizeof(info));
	addr_from_bytes(local, AF_INET6, &info.ipi6_addr, addr_port(local));
	if (IN6_IS_ADDR_LINKLOCAL(&info.ipi6_addr))
		local->in6.sin6_scope_id = (uint32_t)info.ipi6_ifindex;
	addr_unmap(local);
	*device = (unsigned)info.ipi6_ifindex;
}

#ifdef IP_PKTINFO
static void
told_pktinfo4(const void *data, union addr *local, unsigned *device)
{
	struct in_pktinfo info;

	memcpy(&info, data, sizeof(info));
	addr_from_bytes(local, AF_INET, &info.ipi_addr, addr_port(local));
	*device = (unsigned)info.ipi_ifindex;
}
#endif

#ifdef IP_RECVDSTADDR
static void
told_address4(const void *data, union addr *local, unsigned *device)
{
	addr_from_bytes(local, AF_INET, data, addr_port(local));
}
#endif

#ifdef IP_RECVDSTPORT
static void
told_port(const void *data, union addr *local, unsigned *device)
{
	in_port_t port;

	memcpy(&port, data, sizeof(port));
	addr_set_port(local, ntohs(port));
}
#endif

#ifdef IP_ORIGDSTADDR
static void
told_sockaddr4(const void *data, union addr *local, unsigned *device)
{
	union addr told;

	if (addr_from_sockaddr(&told, data, sizeof(struct sockaddr_in)))
		*local = told;
}

static void
told_sockaddr6(const void *data, union addr *local, unsigned *device)
{
	union addr told;

	if (addr_from_sockaddr(&told, data, sizeof(struct sockaddr_in6)))
		*local = told;
}
#endif

/* In the order of use: a later row overrides. */
static const struct told told[] = {
	{ IPPROTO_IPV6, IPV6_PKTINFO, sizeof(struct in6_pktinfo), told_pktinfo6 },
#ifdef IP_PKTINFO
	{ IPPROTO_IP, IP_PKTINFO, sizeof(struct in_pktinfo), told_pktinfo4 },
#endif
#ifdef IP_RECVDSTADDR
	{ IPPROTO_IP, IP_RECVDSTADDR, sizeof(struct in_addr), told_address4 },
#endif
#ifdef IP_RECVDSTPORT
	{ IPPROTO_IP, IP_RECVDSTPORT, sizeof(in_port_t), told_port },
	{ IPPROTO_IPV6, IPV6_RECVDSTPORT, sizeof(in_port_t), told_port },
#endif
#ifdef IP_ORIGDSTADDR
	{ IPPROTO_IP, IP_ORIGDSTADDR, sizeof(struct sockaddr_in), told_sockaddr4 },
	{ IPPROTO_IPV6, IPV6_ORIGDSTADDR, sizeof(struct sockaddr_in6), told_sockaddr6 },
#endif
};

/* The option that asks for a local IPv4 address, and the control message that sets it. */
#ifdef IP_PKTINFO
enum { TELL4 = IP_PKTINFO, FROM4 = IP_PKTINFO, FROM4_SIZE = sizeof(struct in_pktinfo),
	FROM4_OFFSET = offsetof(struct in_pktinfo, ipi_spec_dst) };
#else
enum { TELL4 = IP_RECVDSTADDR, FROM4 = IP_SENDSRCADDR, FROM4_SIZE = sizeof(struct in_addr), FROM4_OFFSET = 0 };
#endif

static void
told_apply(struct msghdr *msg, const struct told *row, union addr *local, unsigned *device)
{
	for (struct cmsghdr *c = CMSG_FIRSTHDR(msg); c != NULL; c = CMSG_NXTHDR(msg, c))
		if (c->cmsg_level == row->level && c->cmsg_type == row->type && c->cmsg_len >= CMSG_LEN(row->size))
			row->decode(CMSG_DATA(c), local, device);
}

/* Source and destination of the received message. 0, EAFNOSUPPORT or EMSGSIZE. */
static int
told_all(struct msghdr *msg, const union addr *bound, union addr *peer, union addr *local, unsigned *device)
{
	if (!addr_from_sockaddr(peer, msg->msg_name, msg->msg_namelen))
		return EAFNOSUPPORT;
	*local = *bound;
	*device = 0;
	for (size_t i = 0; i < sizeof(told) / sizeof(told[0]) && msg->msg_controllen > 0; i++)
		told_apply(msg, &told[i], local, device);
	return (msg->msg_flags & MSG_TRUNC) ? EMSGSIZE : 0;
}

int
udp_receive_flow(int fd, const union addr *bound, void *data, size_t size, size_t *len, struct flow *flow)
{
	struct sockaddr_storage from;
	struct control control;
	struct iovec iov = { .iov_base = data, .iov_len = size };
	struct msghdr msg = { .msg_name = &from, .msg_namelen = sizeof(from), .msg_iov = &iov, .msg_iovlen = 1,
		.msg_control = &control, .msg_controllen = sizeof(control) };
	ssize_t n;

	do
		n = recvmsg(fd, &msg, 0);
	while (n == -1 && errno == EINTR);
	if (n == -1)
		return errno == EWOULDBLOCK ? EAGAIN : errno;
	*len = (size_t)n;
	return told_all(&msg, bound, &flow->peer, &flow->local, &flow->device);
}

int
udp_receive(int fd, const union addr *bound, void *data, size_t size, size_t *len, union addr *peer, union addr *local)
{
	struct flow flow;
	const int error = udp_receive_flow(fd, bound, data, size, len, &flow);

	*peer = flow.peer;
	*local = flow.local;
	return error;
}

int
udp_receive_batch(int fd, const union addr *bound, struct udp_batch *batch)
{
	struct sockaddr_storage from[UDP_BATCH];
	struct control control[UDP_BATCH];
	struct mmsghdr msgs[UDP_BATCH];
	struct iovec iov[UDP_BATCH];
	struct udp_datagram *d;
	unsigned device;
	int n;

	for (size_t i = 0; i < UDP_BATCH; i++) {
		iov[i] = (struct iovec){ .iov_base = batch->list[i].data, .iov_len = UDP_BATCH_SIZE };
		msgs[i].msg_hdr = (struct msghdr){ .msg_name = &from[i], .msg_namelen = sizeof(from[i]),
			.msg_iov = &iov[i], .msg_iovlen = 1,
			.msg_control = &control[i], .msg_controllen = sizeof(control[i]) };
	}
	batch->count = 0;
	do
		n = (int)recvmmsg(fd, msgs, UDP_BATCH, 0, NULL);
	while (n == -1 && errno == EINTR);
	if (n == -1)
		return errno == EWOULDBLOCK ? EAGAIN : errno;
	for (int i = 0; i < n; i++) {
		d = &batch->list[i];
		d->len = (size_t)msgs[i].msg_len;
		if (told_all(&msgs[i].msg_hdr, bound, &d->peer, &d->local, &device) != 0)
			d->len = 0;
	}
	batch->count = (unsigned)n;
	return 0;
}

int
udp_option(int fd, int family, int option4, int option6)
{
	const bool ipv6 = family == AF_INET6;
	const int on = 1;

	if (setsockopt(fd, ipv6 ? IPPROTO_IPV6 : IPPROTO_IP, ipv6 ? option6 : option4, &on, sizeof(on)) == -1)
		return errno;
	return 0;
}

int
udp_tell_local(int fd, int family)
{
	return udp_option(fd, family, TELL4, IPV6_RECVPKTINFO);
}

/* Makes the control message that chooses the source address. */
static void
from_put(struct msghdr *msg, const union addr *from)
{
	struct cmsghdr *c = msg->msg_control;
	size_t size = from->sa.sa_family == AF_INET6 ? sizeof(struct in6_pktinfo) : (size_t)FROM4_SIZE;

	memset(msg->msg_control, 0, CMSG_SPACE(size));
	msg->msg_controllen = (socklen_t)CMSG_SPACE(size);
	c->cmsg_len = (socklen_t)CMSG_LEN(size);
	if (from->sa.sa_family == AF_INET6) {
		struct in6_pktinfo info = { .ipi6_addr = from->in6.sin6_addr,
			.ipi6_ifindex = from->in6.sin6_scope_id };

		c->cmsg_level = IPPROTO_IPV6;
		c->cmsg_type = IPV6_PKTINFO;
		memcpy(CMSG_DATA(c), &info, sizeof(info));
	} else {
		c->cmsg_level = IPPROTO_IP;
		c->cmsg_type = FROM4;
		memcpy(CMSG_DATA(c) + FROM4_OFFSET, &from->in.sin_addr, sizeof(from->in.sin_addr));
	}
}

int
udp_send(int fd, const union addr *from, const union addr *peer, const void *data, size_t len)
{
	struct control control;
	union addr to = *peer;
	struct iovec iov;
	struct msghdr msg = { .msg_name = &to, .msg_namelen = addr_len(peer), .msg_iov = &iov, .msg_iovlen = 1 };

	memcpy(&iov.iov_base, &data, sizeof(data)); /* an iovec has no const form */
	iov.iov_len = len;
	if (from != NULL) {
		msg.msg_control = &control;
		from_put(&msg, from);
	}
	return sendmsg(fd, &msg, 0) == -1 ? errno : 0;
}

int
udp_send_batch(int fd, bool from_local, struct udp_batch *batch)
{
	struct control control[UDP_BATCH];
	struct mmsghdr msgs[UDP_BATCH];
	struct iovec iov[UDP_BATCH];
	int error = 0, n;

	for (size_t i = 0; i < batch->count; i++) {
		struct udp_datagram *d = &batch->list[i];

		iov[i] = (struct iovec){ .iov_base = d->data, .iov_len = d->len };
		msgs[i].msg_hdr = (struct msghdr){ .msg_name = &d->peer, .msg_namelen = addr_len(&d->peer),
			.msg_iov = &iov[i], .msg_iovlen = 1 };
		if (from_local) {
			msgs[i].msg_hdr.msg_control = &control[i];
			from_put(&msgs[i].msg_hdr, &d->local);
		}
	}
	for (unsigned sent = 0; sent < batch->count; sent += (unsigned)n) {
		n = (int)sendmmsg(fd, msgs + sent, batch->count - sent, 0);
		if (n > 0)
			continue;
		error = errno; /* of the first of them */
		n = 1;
	}
	batch->count = 0;
	return error;
}

void
udp_room(int fd)
{
	const int room = 2 * UDP_MAX;
	int has = 0;
	socklen_t len = sizeof(has);

	if (getsockopt(fd, SOL_SOCKET, SO_SNDBUF, &has, &len) == 0 && has < room)
		setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &room, sizeof(room));
}

int
udp_socket(int family, int *fd)
{
	int error = 0;

	*fd = socket(family, SOCK_DGRAM | SOCKET_FLAGS, 0);
	if (*fd == -1)
		return errno;
	if (SOCKET_FLAGS == 0 && (fcntl(*fd, F_SETFD, FD_CLOEXEC) == -1 || fcntl(*fd, F_SETFL, O_NONBLOCK) == -1)) {
		error = errno;
		close(*fd);
		*fd = -1;
	} else
		udp_room(*fd);
	return error;
}

int
udp_connect(const union addr *server, int *fd)
{
	int error = udp_socket(server->sa.sa_family, fd);

	if (error == 0 && connect(*fd, &server->sa, addr_len(server)) == -1) {
		error = errno;
		close(*fd);
		*fd = -1;
	}
	return error;
}

bool
udp_is_own(const union addr *addr)
{
	union addr any_port = *addr;
	bool own;
	int fd;

	if (udp_socket(addr->sa.sa_family, &fd) != 0)
		return false;
	addr_set_port(&any_port, 0);
	own = bind(fd, &any_port.sa, addr_len(&any_port)) == 0;
	close(fd);
	return own;
}
