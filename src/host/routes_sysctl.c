#include "config.h"

#include "host/routes.h"

#include <sys/socket.h>
#include <sys/sysctl.h>

#include <net/if.h>
#include <net/route.h>

/* Addresses in a routing message begin at multiples of this (route(4)). */
#if defined(__APPLE__)
#define STEP sizeof(uint32_t)
#else
#define STEP sizeof(long)
#endif

/* Bytes before the addresses. */
#if defined(__OpenBSD__)
#define HEAD_LEN(head) ((head)->rtm_hdrlen)
#else
#define HEAD_LEN(head) sizeof(*(head))
#endif

static size_t
sockaddr_size(const struct sockaddr *sa)
{
	return sa->sa_len == 0 ? STEP : (sa->sa_len + STEP - 1) / STEP * STEP;
}

/* The number of one bits at the start of a netmask, whose trailing zero bytes the kernel leaves out. */
static uint8_t
mask_prefix(const struct sockaddr *mask, int family)
{
	const size_t at = family == AF_INET6 ? offsetof(struct sockaddr_in6, sin6_addr) :
	    offsetof(struct sockaddr_in, sin_addr);
	const size_t end = at + (family == AF_INET6 ? 16 : 4);
	const uint8_t *bytes = (const uint8_t *)mask;
	uint8_t bits = 0;

	for (size_t i = at; i < end && i < mask->sa_len; i++)
		for (unsigned bit = 0x80; bit != 0 && (bytes[i] & bit) != 0; bit >>= 1)
			bits++;
	return bits;
}

/* False: no route that counts. Routes to single hosts do not: some systems make one for each destination in use. */
static bool
read_route(const struct rt_msghdr *head, const char *at, const char *end, struct network *out)
{
	const struct sockaddr *mask = NULL;
	union addr dst = addr_none;

	for (int i = 0; i < RTAX_MAX && at + sizeof(struct sockaddr) / 2 <= end; i++) {
		const struct sockaddr *sa = (const struct sockaddr *)(const void *)at;

		if ((head->rtm_addrs & (1 << i)) == 0)
			continue;
		if (at + sockaddr_size(sa) > end)
			break;
		if (i == RTAX_DST)
			addr_from_sockaddr(&dst, sa, sa->sa_len);
		if (i == RTAX_NETMASK)
			mask = sa;
		at += sockaddr_size(sa);
	}
	if (!addr_is_set(&dst) || mask == NULL || (head->rtm_flags & RTF_HOST) != 0)
		return false;
	*out = network_of(&dst);
	network_cut(out, mask_prefix(mask, out->family));
	return out->prefix > 1;
}

int
routes_networks(struct network_set *set)
{
	int mib[] = { CTL_NET, PF_ROUTE, 0, AF_UNSPEC, NET_RT_DUMP, 0 };
	struct network net;
	size_t size = 0;
	char *dump = NULL;
	int error = 0;

	if (sysctl(mib, 6, NULL, &size, NULL, 0) == -1)
		return errno;
	size += size / 4 + 4096;        /* routes may come in between */
	dump = malloc(size);
	if (dump == NULL)
		error = ENOMEM;
	else if (sysctl(mib, 6, dump, &size, NULL, 0) == -1)
		error = errno;
	for (char *at = dump; error == 0 && at + sizeof(struct rt_msghdr) <= dump + size; ) {
		const struct rt_msghdr *head = (const struct rt_msghdr *)(void *)at;
		const size_t head_len = HEAD_LEN(head);

		if (head->rtm_msglen < head_len || at + head->rtm_msglen > dump + size)
			break;
		if (read_route(head, at + head_len, at + head->rtm_msglen, &net))
			error = network_set_add(set, &net);
		at += head->rtm_msglen;
	}
	free(dump);
	return error;
}
