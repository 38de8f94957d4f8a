#include "config.h"

#include "host/net.h"

#include <net/if.h>

/* ip(4), ip6(4): IP_BOUND_IF */
int
net_bind_device(int fd, int family, const char *interface)
{
	unsigned index = if_nametoindex(interface);
	int level = family == AF_INET6 ? IPPROTO_IPV6 : IPPROTO_IP;
	int option = family == AF_INET6 ? IPV6_BOUND_IF : IP_BOUND_IF;

	if (index == 0)
		return ENXIO;
	return setsockopt(fd, level, option, &index, sizeof(index)) == -1 ? errno : 0;
}

bool
net_is_reachable(const char *interface)
{
	return true;
}
