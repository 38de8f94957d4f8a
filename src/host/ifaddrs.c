#include "config.h"

#include "host/ifaddrs.h"

#include <net/if.h>
#include <ifaddrs.h>

#include "host/net.h"

static int
ifaddrs_compare(const void *a, const void *b)
{
	return memcmp(a, b, sizeof(struct network));
}

static void
ifaddrs_add(struct network *list, size_t *n, const struct sockaddr *sa)
{
	union addr addr;

	if (sa == NULL || !addr_from_sockaddr(&addr, sa, sizeof(addr)) || network_contains(&list[0], &addr))
		return;
	list[*n] = network_of(&addr);
	/* KAME kernels keep the scope inside link-local addresses. */
	if (addr_is_linklocal(&addr) && addr.sa.sa_family == AF_INET6)
		list[*n].bytes[2] = list[*n].bytes[3] = 0;
	++*n;
}

int
ifaddrs_networks(struct network **list, size_t *count)
{
	struct ifaddrs *all, *ifa;
	size_t n = 1, unique = 0;

	if (getifaddrs(&all) == -1)
		return errno;
	for (ifa = all; ifa != NULL; ifa = ifa->ifa_next)
		n += 2;
	*list = calloc(n, sizeof(**list));
	if (*list == NULL) {
		freeifaddrs(all);
		return ENOMEM;
	}
	network_parse("127.0.0.0/8", &(*list)[0]);
	n = 1;
	for (ifa = all; ifa != NULL; ifa = ifa->ifa_next) {
		if (!net_is_reachable(ifa->ifa_name))
			continue;
		ifaddrs_add(*list, &n, ifa->ifa_addr);
		if ((ifa->ifa_flags & IFF_BROADCAST) != 0)
			ifaddrs_add(*list, &n, ifa->ifa_broadaddr);
	}
	freeifaddrs(all);
	qsort(*list, n, sizeof(**list), ifaddrs_compare);
	for (size_t i = 0; i < n; i++)
		if (i == 0 || ifaddrs_compare(&(*list)[i], &(*list)[unique - 1]) != 0)
			(*list)[unique++] = (*list)[i];
	*count = unique;
	return 0;
}

int
ifaddrs_has(const union addr *addr)
{
	struct network *list;
	size_t count;
	int error = ifaddrs_networks(&list, &count);

	if (error != 0)
		return error;
	error = ENOENT;
	for (size_t i = 0; i < count && error != 0; i++)
		if (network_contains(&list[i], addr))
			error = 0;
	free(list);
	return error;
}
