/*
 * FreeBSD, OpenBSD, macOS: ip(4) takes a whole IPv4 packet with IP_HDRINCL; on macOS with length and fragment field in
 * host order. IPv6 has no such option: there the socket is bound to the foreign source, which macOS does not allow,
 * and the kernel writes header and checksum.
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
	const bool v6 = client->sa.sa_family == AF_INET6;
	const size_t len = icmp_unreach_build(client, dst, packet);
	const size_t skip = v6 ? icmp_unreach_offset(AF_INET6) : 0;
	union addr to = *client, from = *dst;

	addr_set_port(&to, 0);
	addr_set_port(&from, 0);
	if (v6 && bind(fd, &from.sa, addr_len(&from)) == -1)
		return errno;
	if (HOST_ORDER) {
		to_host_order(packet + LENGTH_AT);
		to_host_order(packet + FRAGMENT_AT);
	}
	return sendto(fd, packet + skip, len - skip, 0, &to.sa, addr_len(&to)) == -1 ? errno : 0;
}
