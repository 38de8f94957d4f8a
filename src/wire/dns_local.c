#include "config.h"

#include "wire/dns_local.h"

/* first..last: the range of the label before the zone; last 0: every name below the zone. */
static const struct { const char *zone; long first, last; } zones[] = {
	{ "10.in-addr.arpa", 0, 0 },
	{ "172.in-addr.arpa", 16, 31 },
	{ "168.192.in-addr.arpa", 0, 0 },
	{ "100.in-addr.arpa", 64, 127 },
	{ "0.in-addr.arpa", 0, 0 },
	{ "127.in-addr.arpa", 0, 0 },
	{ "254.169.in-addr.arpa", 0, 0 },
	{ "2.0.192.in-addr.arpa", 0, 0 },
	{ "100.51.198.in-addr.arpa", 0, 0 },
	{ "113.0.203.in-addr.arpa", 0, 0 },
	{ "255.255.255.255.in-addr.arpa", 0, 0 },
	{ "0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.ip6.arpa", 0, 0 },
	{ "1.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.ip6.arpa", 0, 0 },
	{ "d.f.ip6.arpa", 0, 0 },
	{ "8.e.f.ip6.arpa", 0, 0 },
	{ "9.e.f.ip6.arpa", 0, 0 },
	{ "a.e.f.ip6.arpa", 0, 0 },
	{ "b.e.f.ip6.arpa", 0, 0 },
	{ "8.b.d.0.1.0.0.2.ip6.arpa", 0, 0 },
};

/* True when the label that ends before end is a number in first..last. */
static bool
label_within(const char *name, const char *end, long first, long last)
{
	char *rest;
	long n;

	while (end > name && end[-1] != '.')
		end--;
	n = strtol(end, &rest, 10);
	return n >= first && n <= last && *rest == '.';
}

bool
dns_local_name(const char *name)
{
	const size_t len = strlen(name);
	const char *at;

	if (len < 5 || strcmp(name + len - 5, ".arpa") != 0)
		return false;
	for (size_t i = 0; i < sizeof(zones) / sizeof(zones[0]); i++) {
		const size_t zone_len = strlen(zones[i].zone);

		if (zone_len > len)
			continue;
		at = name + len - zone_len;
		if (strcmp(at, zones[i].zone) != 0 || (at > name && at[-1] != '.'))
			continue;
		if (zones[i].last == 0 || (at > name && label_within(name, at - 1, zones[i].first, zones[i].last)))
			return true;
	}
	return false;
}

bool
dns_local_resolver(const union addr *addr)
{
	return addr_is_private(addr) || addr_is_loopback(addr) || addr_is_linklocal(addr);
}

enum dns_canary
dns_canary(const char *name)
{
	static const char designated[] = ".resolver.arpa";
	const size_t len = strlen(name), end = sizeof(designated) - 1;

	if (strcmp(name, "use-application-dns.net") == 0)
		return DNS_CANARY_BROWSER;
	if (strcmp(name, "mask.icloud.com") == 0 || strcmp(name, "mask-h2.icloud.com") == 0)
		return DNS_CANARY_RELAY;
	if (strcmp(name, designated + 1) == 0 || (len > end && strcmp(name + len - end, designated) == 0))
		return DNS_CANARY_DESIGNATED;
	return DNS_CANARY_NONE;
}
