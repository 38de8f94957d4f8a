/*
 * FreeBSD, OpenBSD, macOS: ip(4) takes a whole IPv4 packet with IP_HDRINCL; on macOS with length and fragment field in
 * host order. IPv6 has no such option: there the kernel writes header and checksum, and the foreign source is asked for
 * in a control message (FreeBSD, whose bind(2) of a raw socket ignores IPV6_BINDANY) or with bind(2) (OpenBSD); macOS
 * does not allow it.
 */
#include "config.h"

#include "kernel/refuse.h"

#include <fcntl.h>
#include <unistd.h>

#include "wire/icmp_unreach.h"

#if defined(IPV6_BINDANY)
enum { ANY_LEVEL = IPPROTO_IPV6, ANY = IPV6_BINDANY, HOST_ORDER = 0 };
#elif defined(SO_BINDANY)
enum { ANY_LEVEL = SOL_SOCKET, ANY = SO_BINDANY, HOST_ORDER = 0 };
#else
enum { ANY_LEVEL = 0, ANY = 0, HOST_ORDER = 1 };
#endif

enum { LENGTH_AT = 2, FRAGMENT_AT = 6 };

int
refuse_open(int family, int *fd)
{
	const bool v6 = family == AF_INET6;
	const int on = 1;
	int error = 0;

	*fd = -1;
	if (v6 && ANY == 0)
		return EAFNOSUPPORT;
	*fd = socket(family, SOCK_RAW, v6 ? IPPROTO_ICMPV6 : IPPROTO_RAW);
	if (*fd == -1)
		return errno;
	if (fcntl(*fd, F_SETFD, FD_CLOEXEC) == -1 || fcntl(*fd, F_SETFL, O_NONBLOCK) == -1 ||
	    setsockopt(*fd, v6 ? ANY_LEVEL : IPPROTO_IP, v6 ? ANY : IP_HDRINCL, &on, sizeof(on)) == -1) {
		error = errno;
		close(*fd);
		*fd = -1;
	}
	return error;
}

#if defined(IPV6_BINDANY)
static int
send_v6(int fd, const union addr *from, union addr *to, void *data, size_t len)
{
	union {
		struct cmsghdr align;
		char           room[CMSG_SPACE(sizeof(struct in6_pktinfo))];
	} control;
	const struct in6_pktinfo source = { .ipi6_addr = from->in6.sin6_addr };
	struct iovec iov = { data, len };
	struct msghdr msg = { .msg_name = to, .msg_namelen = addr_len(to), .msg_iov = &iov, .msg_iovlen = 1,
		.msg_control = &control, .msg_controllen = sizeof(control) };
	struct cmsghdr *c;

	memset(&control, 0, sizeof(control));
	c = CMSG_FIRSTHDR(&msg);
	c->cmsg_level = IPPROTO_IPV6;
	c->cmsg_type = IPV6_PKTINFO;
	c->cmsg_len = CMSG_LEN(sizeof(source));
	memcpy(CMSG_DATA(c), &source, sizeof(source));
	return sendmsg(fd, &msg, 0) == -1 ? errno : 0;
}
#else
static int
send_v6(int fd, const union addr *from, union addr *to, void *data, size_t len)
{
	if (bind(fd, &from->sa, addr_len(from)) == -1)
		return errno;
	return sendto(fd, data, len, 0, &to->sa, addr_len(to)) == -1 ? errno : 0;
}
#endif

static void
to_host_order(uint8_t *at)
{
	const uint16_t value = (uint16_t)(at[0] << 8 | at[1]);

	memcpy(at, &value, sizeof(value));
}

int
refuse_send(int fd, const union addr *client, const union addr *dst)
{
	uint8_t packet[ICMP_UNREACH_MAX];
	const size_t len = icmp_unreach_build(client, dst, packet);
	const size_t skip = icmp_unreach_offset(AF_INET6);
	union addr to = *client, from = *dst;

	addr_set_port(&to, 0);
	addr_set_port(&from, 0);
	if (client->sa.sa_family == AF_INET6)
		return send_v6(fd, &from, &to, packet + skip, len - skip);
	if (HOST_ORDER) {
		to_host_order(packet + LENGTH_AT);
		to_host_order(packet + FRAGMENT_AT);
	}
	return sendto(fd, packet, len, 0, &to.sa, addr_len(&to)) == -1 ? errno : 0;
}
