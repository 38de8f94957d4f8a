#include "config.h"

#include "host/source.h"

#include "host/ifaddrs.h"

#define LOOPBACK 1      /* index of the loopback device, in every network namespace */

/* The index of the device by which the packets of an accepted connection came; the kernel kept it. 0: unknown. */
static unsigned
arrival(int fd, int family)
{
	const bool v6 = family == AF_INET6;
	const int level = v6 ? IPPROTO_IPV6 : IPPROTO_IP, on = 1;
	_Alignas(struct cmsghdr) char bytes[256];
	struct msghdr msg = { .msg_control = bytes };
	socklen_t len = sizeof(bytes);
	struct in6_pktinfo info6;
	struct in_pktinfo info4;

	if (setsockopt(fd, level, v6 ? IPV6_2292PKTINFO : IP_PKTINFO, &on, sizeof(on)) == -1 ||
	    getsockopt(fd, level, v6 ? IPV6_2292PKTOPTIONS : IP_PKTOPTIONS, bytes, &len) == -1)
		return 0;
	msg.msg_controllen = len;
	for (struct cmsghdr *c = CMSG_FIRSTHDR(&msg); c != NULL; c = CMSG_NXTHDR(&msg, c)) {
		if (c->cmsg_level == IPPROTO_IP && c->cmsg_type == IP_PKTINFO &&
		    c->cmsg_len >= CMSG_LEN(sizeof(info4))) {
			memcpy(&info4, CMSG_DATA(c), sizeof(info4));
			return (unsigned)info4.ipi_ifindex;
		}
		if (c->cmsg_level == IPPROTO_IPV6 && c->cmsg_type == IPV6_2292PKTINFO &&
		    c->cmsg_len >= CMSG_LEN(sizeof(info6))) {
			memcpy(&info6, CMSG_DATA(c), sizeof(info6));
			return info6.ipi6_ifindex;
		}
	}
	return 0;
}

unsigned
source_device(const struct flow *client)
{
	return client->proto == IPPROTO_TCP ? arrival(client->fd, client->peer.sa.sa_family) : client->device;
}

/* Packets of this host come by the loopback device, unless their socket is bound to another. bind(2) does not tell,
 * with the sysctl ip_nonlocal_bind. */
bool
source_is_here(const struct flow *client, unsigned device)
{
	return device == LOOPBACK || ifaddrs_has(&client->peer) == 0;
}

/* Sockets bound with SO_REUSEADDR may share a port if they do not listen; connect(2) compares all four numbers. */
bool
source_keep(int fd, const struct flow *client, unsigned device, bool keep_port)
{
	const uint16_t port = addr_port(&client->peer);
	const int index = (int)device, priority = SOURCE_PRIORITY, on = 1, off = 0;
	union addr from = client->peer;

	if (device > LOOPBACK)
		setsockopt(fd, SOL_SOCKET, SO_BINDTOIFINDEX, &index, sizeof(index));
	setsockopt(fd, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, &on, sizeof(on));
	if (!keep_port || port >= SOURCE_CHOSEN_PORTS)
		return false;
	addr_set_port(&from, SOURCE_PORT(port));
	if (setsockopt(fd, SOL_SOCKET, SO_PRIORITY, &priority, sizeof(priority)) == 0 &&
	    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on)) == 0 &&
	    bind(fd, &from.sa, addr_len(&from)) == 0)
		return true;
	setsockopt(fd, SOL_SOCKET, SO_PRIORITY, &off, sizeof(off));
	return false;
}
