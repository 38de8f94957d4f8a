#include "config.h"

#include "base/nat64.h"

const struct network nat64_well_known = { AF_INET6, { 0, 0x64, 0xff, 0x9b }, 96 };

/* Where byte i of the IPv4 address is. */
static unsigned
place(const struct network *prefix, unsigned i)
{
	const unsigned at = prefix->prefix / 8 + i;

	return at < 8 || prefix->prefix == 96 ? at : at + 1;
}

bool
nat64_is_prefix(const struct network *net)
{
	const unsigned n = net->prefix;

	return net->family == AF_INET6 && (n == 96 || (n >= 32 && n <= 64 && n % 8 == 0)) && net->bytes[8] == 0;
}

bool
nat64_extract(const struct network *prefix, const union addr *addr, union addr *v4)
{
	uint8_t bytes[4];
	const uint8_t *all;
	size_t len;

	if (!network_contains(prefix, addr))
		return false;
	all = addr_bytes(addr, &len);
	for (unsigned i = 0; i < 4; i++)
		bytes[i] = all[place(prefix, i)];
	addr_from_bytes(v4, AF_INET, bytes, addr_port(addr));
	return true;
}

struct network
nat64_embed(const struct network *prefix, const struct network *v4)
{
	const unsigned n = v4->prefix, last = n > 0 ? (n - 1) / 8 : 0;
	struct network net = *prefix;

	for (unsigned i = 0; i < 4; i++)
		net.bytes[place(prefix, i)] = v4->bytes[i];
	if (n > 0)
		net.prefix = (uint8_t)(place(prefix, last) * 8 + n - last * 8);
	return net;
}
