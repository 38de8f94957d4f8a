#include "config.h"

#include <sys/socket.h>

#include "../test.h"

#include "base/addr.h"

static union addr
at(const char *text, uint16_t port)
{
	union addr a;

	if (addr_parse(text, port, &a) != 0)
		fail_msg("%s refused", text);
	return a;
}

TEST(addr_parses_and_formats_both_families)
{
	static const struct { const char *text, *ip, *full; } rows[] = {
		{ "192.0.2.1", "192.0.2.1", "192.0.2.1:80" },
		{ "2001:db8::1", "2001:db8::1", "[2001:db8::1]:80" },
		{ "[2001:DB8:0::1]", "2001:db8::1", "[2001:db8::1]:80" },
		{ "::", "::", "[::]:80" },
	};
	char buf[ADDR_TEXT_MAX];

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		union addr a = at(rows[i].text, 80);

		assert_string_equal(addr_format_ip(&a, buf), rows[i].ip);
		assert_string_equal(addr_format(&a, buf), rows[i].full);
	}
	assert_string_equal(addr_format(&addr_none, buf), "-");
	assert_string_equal(addr_format_ip(&addr_none, buf), "-");
}

TEST(addr_refuses_what_is_no_address)
{
	static const char *const bad[] = { "", "example.com", "1.2.3", "1.2.3.4.5", "256.1.1.1", "1.2.3.4:80", "01.2.3.4",
	    "[1.2.3.4]", "[::1", "::1]", "::1/128", ":::", " 1.2.3.4",
	    "1111:2222:3333:4444:5555:6666:7777:8888:9999:aaaa:bbbb:cccc:dddd" };
	union addr a;

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		if (addr_parse(bad[i], 0, &a) != EINVAL)
			fail_msg("%s accepted", bad[i]);
}

TEST(addr_ports_are_in_host_order)
{
	union addr a = at("192.0.2.1", 0x1234), b = at("::1", 0x1234);

	assert_int_equal(addr_port(&a), 0x1234);
	assert_int_equal(addr_port(&b), 0x1234);
	assert_int_equal(a.in.sin_port, htons(0x1234));
	addr_set_port(&a, 443);
	addr_set_port(&b, 443);
	assert_int_equal(addr_port(&a), 443);
	assert_int_equal(addr_port(&b), 443);
	assert_int_equal(addr_port(&addr_none), 0);
}

TEST(addr_knows_its_bytes)
{
	static const uint8_t v4[] = { 192, 0, 2, 1 };
	union addr a = at("192.0.2.1", 7), b = at("2001:db8::1", 7), copy;
	size_t len;

	assert_memory_equal(addr_bytes(&a, &len), v4, 4);
	assert_int_equal(len, 4);
	addr_from_bytes(&copy, AF_INET, v4, 7);
	assert_true(addr_equal(&a, &copy));
	addr_from_bytes(&copy, AF_INET6, addr_bytes(&b, &len), 7);
	assert_int_equal(len, 16);
	assert_true(addr_equal(&b, &copy));
	addr_bytes(&addr_none, &len);
	assert_int_equal(len, 0);
	assert_int_equal(addr_len(&a), sizeof(struct sockaddr_in));
	assert_int_equal(addr_len(&b), sizeof(struct sockaddr_in6));
	assert_true(addr_is_set(&a));
	assert_false(addr_is_set(&addr_none));
}

TEST(addr_equality_looks_at_family_address_and_port)
{
	union addr a = at("192.0.2.1", 80), b = at("192.0.2.1", 81), c = at("192.0.2.2", 80), d = at("2001:db8::1", 80);

	assert_true(addr_equal(&a, &a));
	assert_false(addr_equal(&a, &b));
	assert_true(addr_same_ip(&a, &b));
	assert_false(addr_same_ip(&a, &c));
	assert_false(addr_equal(&a, &d));
	assert_false(addr_same_ip(&a, &d));
}

TEST(addr_mapped_becomes_ipv4)
{
	union addr mapped = at("::ffff:192.0.2.1", 80), plain = at("192.0.2.1", 80), v6 = at("2001:db8::1", 80), out;
	union addr same = v6;

	out = mapped;
	addr_unmap(&out);
	assert_true(addr_equal(&out, &plain));
	addr_unmap(&same);
	assert_true(addr_equal(&same, &v6));
	assert_true(addr_from_sockaddr(&out, &mapped.sa, sizeof(mapped.in6)));
	assert_true(addr_equal(&out, &plain));
}

TEST(addr_from_sockaddr_checks_family_and_length)
{
	union addr v4 = at("192.0.2.1", 80), v6 = at("2001:db8::1", 80), out;
	struct sockaddr local = { .sa_family = AF_UNIX };

	assert_true(addr_from_sockaddr(&out, &v4.sa, sizeof(v4.in)));
	assert_true(addr_equal(&out, &v4));
	assert_true(addr_from_sockaddr(&out, &v6.sa, sizeof(v6.in6)));
	assert_true(addr_equal(&out, &v6));
	assert_false(addr_from_sockaddr(&out, &v4.sa, sizeof(v4.in) - 1));
	assert_false(addr_from_sockaddr(&out, &v6.sa, sizeof(v6.in)));
	assert_false(addr_from_sockaddr(&out, &v4.sa, 0));
	assert_false(addr_from_sockaddr(&out, &local, sizeof(local)));
	assert_false(addr_from_sockaddr(&out, NULL, 0));
	assert_false(addr_is_set(&out));
}

TEST(addr_classes_end_where_their_networks_end)
{
	static const struct { const char *text; bool (*is)(const union addr *); bool yes; } rows[] = {
		{ "127.0.0.1", addr_is_loopback, true }, { "127.255.255.255", addr_is_loopback, true },
		{ "128.0.0.0", addr_is_loopback, false }, { "::1", addr_is_loopback, true }, { "::2", addr_is_loopback, false },
		{ "169.254.0.1", addr_is_linklocal, true }, { "169.255.0.0", addr_is_linklocal, false },
		{ "fe80::1", addr_is_linklocal, true }, { "febf::1", addr_is_linklocal, true }, { "fec0::1", addr_is_linklocal, false },
		{ "224.0.0.1", addr_is_multicast, true }, { "239.255.255.255", addr_is_multicast, true },
		{ "240.0.0.0", addr_is_multicast, false }, { "ff02::1", addr_is_multicast, true }, { "fe00::1", addr_is_multicast, false },
		{ "0.0.0.0", addr_is_any, true }, { "0.0.0.1", addr_is_any, false }, { "::", addr_is_any, true }, { "::1", addr_is_any, false },
		{ "10.0.0.1", addr_is_private, true }, { "11.0.0.0", addr_is_private, false }, { "172.31.0.1", addr_is_private, true },
		{ "172.32.0.0", addr_is_private, false }, { "192.168.0.1", addr_is_private, true }, { "100.64.0.1", addr_is_private, true },
		{ "100.128.0.0", addr_is_private, false }, { "fd00::1", addr_is_private, true }, { "fe00::1", addr_is_private, false },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		union addr a = at(rows[i].text, 0);

		if (rows[i].is(&a) != rows[i].yes)
			fail_msg("row %zu: %s", i, rows[i].text);
	}
}

TEST(addr_of_socket_gives_both_ends)
{
	union addr listening, local, peer, any = at("127.0.0.1", 0);
	int l = socket(AF_INET, SOCK_STREAM, 0), c = socket(AF_INET, SOCK_STREAM, 0);

	assert_true(l >= 0 && c >= 0);
	assert_int_equal(bind(l, &any.sa, addr_len(&any)), 0);
	assert_int_equal(listen(l, 1), 0);
	assert_int_equal(addr_of_socket(l, &listening), 0);
	assert_int_not_equal(addr_port(&listening), 0);
	assert_int_equal(addr_of_peer(c, &peer), ENOTCONN);
	assert_int_equal(connect(c, &listening.sa, addr_len(&listening)), 0);
	assert_int_equal(addr_of_peer(c, &peer), 0);
	assert_true(addr_equal(&peer, &listening));
	assert_int_equal(addr_of_socket(c, &local), 0);
	assert_true(addr_is_loopback(&local));
	close(c);
	close(l);
	assert_int_equal(addr_of_socket(-1, &local), EBADF);
}

TEST(network_parses_and_formats)
{
	static const struct { const char *text; int err; const char *formatted; } rows[] = {
		{ "10.0.0.0/8", 0, "10.0.0.0/8" }, { "192.0.2.1", 0, "192.0.2.1/32" }, { "0.0.0.0/0", 0, "0.0.0.0/0" },
		{ "2001:DB8::/32", 0, "2001:db8::/32" }, { "::1", 0, "::1/128" }, { "::/0", 0, "::/0" },
		{ "10.0.0.1/8", ERANGE, NULL }, { "10.0.0.1/31", ERANGE, NULL }, { "2001:db8::1/127", ERANGE, NULL },
		{ "10.0.0.0/33", EINVAL, NULL }, { "2001:db8::/129", EINVAL, NULL }, { "10.0.0.0/", EINVAL, NULL },
		{ "10.0.0.0/-1", EINVAL, NULL }, { "10.0.0.0/8x", EINVAL, NULL }, { "10.0.0.0/ 8", EINVAL, NULL },
		{ "10.0.0.0/4294967304", EINVAL, NULL }, { "10.0.0.0/264", EINVAL, NULL }, { "10.0.0/8", EINVAL, NULL },
		{ "", EINVAL, NULL }, { "/8", EINVAL, NULL }, { "example.com/8", EINVAL, NULL },
	};
	char buf[ADDR_TEXT_MAX];
	struct network net;

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		int err = network_parse(rows[i].text, &net);

		if (err != rows[i].err)
			fail_msg("%s: %d", rows[i].text, err);
		if (err == 0)
			assert_string_equal(network_format(&net, buf), rows[i].formatted);
	}
}

TEST(network_contains_to_the_bit)
{
	static const struct { const char *net, *addr; bool inside; } rows[] = {
		{ "10.0.0.0/8", "10.255.255.255", true }, { "10.0.0.0/8", "11.0.0.0", false },
		{ "192.0.2.128/25", "192.0.2.128", true }, { "192.0.2.128/25", "192.0.2.127", false },
		{ "192.0.2.1", "192.0.2.1", true }, { "192.0.2.1", "192.0.2.0", false },
		{ "0.0.0.0/0", "255.255.255.255", true }, { "0.0.0.0/0", "::1", false }, { "::/0", "192.0.2.1", false },
		{ "2001:db8::/33", "2001:db8:7fff::1", true }, { "2001:db8::/33", "2001:db8:8000::1", false },
		{ "::1", "::1", true }, { "::1", "::2", false }, { "::/0", "ffff::1", true },
	};
	struct network net;

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		union addr a = at(rows[i].addr, 0);

		assert_int_equal(network_parse(rows[i].net, &net), 0);
		if (network_contains(&net, &a) != rows[i].inside)
			fail_msg("%s in %s", rows[i].addr, rows[i].net);
	}
	assert_false(network_contains(&net, &addr_none));
}

RUN_TESTS(NULL, NULL)
