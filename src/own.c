#include "config.h"

#include "own.h"

#include <net/if.h>
#include <ifaddrs.h>

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "net.h"

static int
own_compare(const void *a, const void *b)
{
	return memcmp(a, b, sizeof(struct network));
}

static void
own_from_addr(struct network *net, const union addr *addr)
{
	size_t len;
	const uint8_t *bytes = addr_bytes(addr, &len);

	memset(net, 0, sizeof(*net));
	net->family = addr->sa.sa_family;
	net->prefix = (uint8_t)(len * 8);
	memcpy(net->bytes, bytes, len);
	/* KAME kernels keep the scope inside link-local addresses. */
	if (addr_is_linklocal(addr) && len == 16)
		net->bytes[2] = net->bytes[3] = 0;
}

static void
own_add(struct network *list, size_t *n, const struct sockaddr *sa)
{
	union addr addr;

	if (sa != NULL && addr_from_sockaddr(&addr, sa, sizeof(addr)) && !network_contains(&list[0], &addr))
		own_from_addr(&list[(*n)++], &addr);
}

int
own_networks(struct network **list, size_t *count)
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
		own_add(*list, &n, ifa->ifa_addr);
		if ((ifa->ifa_flags & IFF_BROADCAST) != 0)
			own_add(*list, &n, ifa->ifa_broadaddr);
	}
	freeifaddrs(all);
	qsort(*list, n, sizeof(**list), own_compare);
	for (size_t i = 0; i < n; i++)
		if (i == 0 || own_compare(&(*list)[i], &(*list)[unique - 1]) != 0)
			(*list)[unique++] = (*list)[i];
	*count = unique;
	return 0;
}
