/* resolvers: what resolv.conf(5) and scutil(8) say. */
#include "config.h"

#include "../test.h"
#include "host/resolvers.h"

static struct resolver out[RESOLVERS_MAX];
static size_t n;

static void
expect(size_t i, const char *addr, const char *domain)
{
	char text[ADDR_TEXT_MAX];

	assert_true(i < n);
	assert_string_equal(addr_format(&out[i].addr, text), addr);
	assert_string_equal(out[i].domain, domain);
}

TEST(resolvers_are_the_nameserver_lines)
{
	n = resolvers_parse("# nameserver 192.0.2.9\nsearch example\nnameserver 192.0.2.1\n\tnameserver\t2001:db8::1\n"
	    "nameserver fe80::1%lo\nnameservers 192.0.2.8\nnameserver 192.0.2.1\nnameserver 192.0.2.3\n", out, 4);
	assert_int_equal(n, 4);
	expect(0, "192.0.2.1:53", "");
	expect(1, "[2001:db8::1]:53", "");
	expect(2, "[fe80::1%lo]:53", "");
	expect(3, "192.0.2.3:53", "");
	assert_int_equal(resolvers_parse("nameserver 192.0.2.1\nnameserver 192.0.2.2\n", out, 1), 1);
	assert_int_equal(resolvers_parse("", out, 3), 0);
	assert_int_equal(resolvers_parse("nameserver", out, 3), 0);
	assert_int_equal(resolvers_parse("nameserver host.example\nnameserver fe80::1:2:3:4:5:6:7:8:9%lo\n", out, 3), 0);
}

TEST(scope_may_be_a_number)
{
	n = resolvers_parse("nameserver fe80::1%1\n", out, 1);
	assert_int_equal(n, 1);
	assert_int_equal(out[0].addr.in6.sin6_scope_id, 1);
}

static const char scutil[] =
    "DNS configuration\n\n"
    "resolver #1\n  search domain[0] : lan\n  nameserver[0] : 192.168.1.1\n  nameserver[1] : fe80::1%lo\n"
    "  if_index : 15 (en0)\n  flags    : Request A records, Request AAAA records\n"
    "  reach    : 0x00020002 (Reachable,Directly Reachable Address)\n\n"
    "resolver #2\n  domain   : local\n  options  : mdns\n  timeout  : 5\n  flags    : Request A records\n"
    "  reach    : 0x00000000 (Not Reachable)\n  order    : 300000\n\n"
    "resolver #3\n  domain   : corp.example.com\n  nameserver[0] : 10.0.0.53\n  port     : 5300\n"
    "  flags    : Supplemental, Request A records\n  order    : 101600\n\n"
    "DNS configuration (for scoped queries)\n\n"
    "resolver #1\n  search domain[0] : lan\n  nameserver[0] : 192.168.7.1\n  if_index : 16 (en1)\n"
    "  flags    : Scoped, Request A records\n";

TEST(set_of_scutil_has_resolvers_for_all_names_first)
{
	n = resolvers_parse_scutil(scutil, out, RESOLVERS_MAX);
	assert_int_equal(n, 3);
	expect(0, "192.168.1.1:53", "");
	expect(1, "[fe80::1%lo]:53", "");
	expect(2, "10.0.0.53:5300", "corp.example.com");
}

TEST(resolver_of_an_interface_counts_where_there_is_no_other)
{
	n = resolvers_parse_scutil(strstr(scutil, "resolver #2"), out, RESOLVERS_MAX);
	assert_int_equal(n, 2);
	expect(0, "10.0.0.53:5300", "corp.example.com");
	expect(1, "192.168.7.1:53", "");
	assert_int_equal(resolvers_parse_scutil("No DNS configuration available\n", out, RESOLVERS_MAX), 0);
	assert_int_equal(resolvers_parse_scutil("", out, RESOLVERS_MAX), 0);
	assert_int_equal(resolvers_parse_scutil("resolver #1\n", out, RESOLVERS_MAX), 0);
}

size_t
resolvers_read(struct resolver *to, size_t max)
{
	memcpy(to, out, n * sizeof(*to));
	return n;
}

TEST(list_that_is_empty_or_the_same_is_no_change)
{
	struct resolver known[RESOLVERS_MAX];
	uint32_t nknown = 0;

	n = resolvers_parse("nameserver 192.0.2.1\n", out, 1);
	assert_true(resolvers_follow(known, &nknown));
	assert_false(resolvers_follow(known, &nknown));
	n = 0;
	assert_false(resolvers_follow(known, &nknown));
	assert_int_equal(nknown, 1);
	n = resolvers_parse("nameserver 192.0.2.2\n", out, 1);
	assert_true(resolvers_follow(known, &nknown));
}

RUN_TESTS(NULL, NULL)
