/*
 * macOS: ip(4) takes a whole IPv4 packet with IP_HDRINCL, its length and fragment field in host order. An IPv6
 * packet cannot have a foreign source there.
 */
#include "config.h"

#include "refuse.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "icmp_unreach.h"

enum { LENGTH_AT = 2, FRAGMENT_AT = 6 };

int
refuse_open(int family, int *fd)
{
	const int on = 1;
	int error = 0;

	*fd = -1;
	if (family != AF_INET)
		return EAFNOSUPPORT;
	*fd = socket(family, SOCK_RAW, IPPROTO_RAW);
	if (*fd == -1)
		return errno;
	if (fcntl(*fd, F_SETFD, FD_CLOEXEC) == -1 || fcntl(*fd, F_SETFL, O_NONBLOCK) == -1 ||
	    setsockopt(*fd, IPPROTO_IP, IP_HDRINCL, &on, sizeof(on)) == -1) {
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
	const size_t len = icmp_unreach_build(client, dst, packet);
	union addr to = *client;

	addr_set_port(&to, 0);
	to_host_order(packet + LENGTH_AT);
	to_host_order(packet + FRAGMENT_AT);
	return sendto(fd, packet, len, 0, &to.sa, addr_len(&to)) == -1 ? errno : 0;
}
