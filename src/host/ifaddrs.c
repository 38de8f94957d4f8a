#include "config.h"

#include "host/ifaddrs.h"

#include <net/if.h>
#include <ifaddrs.h>

#include "base/network_set.h"
#include "host/net.h"

static int
ifaddrs_add(struct network_set *set, const struct sockaddr *sa)
{
	struct network net;
	union addr addr;

	if (sa == NULL || !addr_from_sockaddr(&addr, sa, sizeof(addr)))
		return 0;
	net = network_of(&addr);
	/* KAME kernels keep the scope inside link-local addresses. */
	if (addr_is_linklocal(&addr) && net.family == AF_INET6)
		net.bytes[2] = net.bytes[3] = 0;
	return network_set_add(set, &net);
}

int
ifaddrs_networks(struct network **list, size_t *count)
{
	struct network_set set = { .count = 0 };
	struct ifaddrs *all, *ifa;
	struct network loopback;
	int error;

	if (getifaddrs(&all) == -1)
		return errno;
	network_parse("127.0.0.0/8", &loopback);
	error = network_set_add(&set, &loopback);
	for (ifa = all; ifa != NULL && error == 0; ifa = ifa->ifa_next) {
		if (!net_is_reachable(ifa->ifa_name))
			continue;
		error = ifaddrs_add(&set, ifa->ifa_addr);
		if (error == 0 && (ifa->ifa_flags & IFF_BROADCAST) != 0)
			error = ifaddrs_add(&set, ifa->ifa_broadaddr);
	}
	freeifaddrs(all);
	network_set_close(&set);
	if (error != 0)
		network_set_free(&set);
	*list = set.list;
	*count = set.count;
	return error;
}

int
ifaddrs_has(const union addr *addr)
{
	struct network *list;
	size_t count;
	int error = ifaddrs_networks(&list, &count);

	if (error != 0)
		return error;
	error = networks_contain(list, count, addr) ? 0 : ENOENT;
	free(list);
	return error;
}
