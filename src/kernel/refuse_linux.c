/* Linux: raw(7), ipv6(7). A socket of protocol IPPROTO_RAW takes whole packets of both families, with any source. */
#include "config.h"

#include "kernel/refuse.h"

#include "wire/icmp_unreach.h"

int
refuse_open(int family, int *fd)
{
	*fd = socket(family, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, IPPROTO_RAW);
	return *fd == -1 ? errno : 0;
}

int
refuse_send(int fd, const union addr *client, const union addr *dst)
{
	uint8_t packet[ICMP_UNREACH_MAX];
	const size_t len = icmp_unreach_build(client, dst, packet);
	union addr to = *client;

	addr_set_port(&to, 0);
	return sendto(fd, packet, len, 0, &to.sa, addr_len(&to)) == -1 ? errno : 0;
}
