#include "config.h"

#include <sys/socket.h>

#include "../test.h"

#include "base/nat64.h"

static struct network
net(const char *text)
{
	struct network n;

	assert_int_equal(network_parse(text, &n), 0);
	return n;
}

/* The table of RFC 6052 section 2.4, for 192.0.2.33. */
TEST(an_address_is_where_the_prefix_says)
{
	static const struct { const char *prefix, *addr; } rows[] = {
		{ "2001:db8::/32", "2001:db8:c000:221::" }, { "2001:db8:100::/40", "2001:db8:1c0:2:21::" },
		{ "2001:db8:122::/48", "2001:db8:122:c000:2:2100::" }, { "2001:db8:122:300::/56", "2001:db8:122:3c0:0:221::" },
		{ "2001:db8:122:344::/64", "2001:db8:122:344:c0:2:2100::" },
		{ "2001:db8:122:344::/96", "2001:db8:122:344::192.0.2.33" }, { "64:ff9b::/96", "64:ff9b::192.0.2.33" },
	};
	const struct network host = net("192.0.2.33");
	char text[ADDR_TEXT_MAX];
	union addr addr, v4;

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		const struct network prefix = net(rows[i].prefix), whole = nat64_embed(&prefix, &host);

		assert_true(nat64_is_prefix(&prefix));
		assert_int_equal(addr_parse(rows[i].addr, 443, &addr), 0);
		assert_true(nat64_extract(&prefix, &addr, &v4));
		assert_string_equal(addr_format(&v4, text), "192.0.2.33:443");
		assert_memory_equal(whole.bytes, addr.in6.sin6_addr.s6_addr, 16);
		assert_true(network_contains(&whole, &addr));
	}
	assert_int_equal(addr_parse("2001:db9::1", 0, &addr), 0);
	assert_false(nat64_extract(&nat64_well_known, &addr, &v4));
	assert_int_equal(addr_parse("192.0.2.33", 0, &addr), 0);
	assert_false(nat64_extract(&nat64_well_known, &addr, &v4));
}

TEST(a_network_ends_at_its_own_bits)
{
	static const struct { const char *prefix, *v4, *whole; } rows[] = {
		{ "64:ff9b::/96", "10.0.0.0/8", "64:ff9b::a00:0/104" }, { "64:ff9b::/96", "0.0.0.0/0", "64:ff9b::/96" },
		{ "64:ff9b::/96", "192.0.2.128/25", "64:ff9b::c000:280/121" },
		{ "2001:db8::/32", "10.0.0.0/8", "2001:db8:a00::/40" },
		{ "2001:db8:100::/40", "192.0.2.0/24", "2001:db8:1c0:2::/64" },
		{ "2001:db8:100::/40", "192.0.2.128/25", "2001:db8:1c0:2:80::/73" },
		{ "2001:db8:122:344::/64", "128.0.0.0/1", "2001:db8:122:344:80::/73" },
		{ "2001:db8:122:344::/64", "0.0.0.0/0", "2001:db8:122:344::/64" },
	};
	char text[ADDR_TEXT_MAX];

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		const struct network prefix = net(rows[i].prefix), v4 = net(rows[i].v4), whole = nat64_embed(&prefix, &v4);

		assert_string_equal(network_format(&whole, text), rows[i].whole);
	}
}

TEST(other_networks_are_no_prefixes)
{
	static const char *const bad[] = { "2001:db8::/33", "2001:db8::/104", "2001:d00::/24", "2001:db8::/72",
		"10.0.0.0/8", "192.0.2.0/24", "2001:db8:0:0:100::/96" };

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		const struct network n = net(bad[i]);

		if (nat64_is_prefix(&n))
			fail_msg("%s", bad[i]);
	}
}

RUN_TESTS(NULL, NULL)
