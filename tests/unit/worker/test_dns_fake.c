/* dns_fake: which queries are answered with made-up addresses, and what reverse names mean. */
#include "config.h"

#include "../test.h"
#include "../dns_exact.h"
#include "conf/rule.h"
#include "wire/dns_content.h"
#include "worker/dns/dns_fake.h"

enum { PTR = 12, TXT = 16, SVCB = 64, HTTPS = 65 };

static struct fake_ip *f;
static struct conf conf = { .global_enabled = true };
static struct policy policy = { .conf = &conf };
static struct worker_env env = { .policy = &policy };
static struct dns_query query;
static uint8_t out[DNS_REPLY_MAX];
static size_t out_len;
static struct dns_answer answer;
static uint32_t expected_ttl = FAKE_IP_TTL_S;

static bool
ends_with(const char *host, const char *end)
{
	return strlen(host) >= strlen(end) && strcmp(host + strlen(host) - strlen(end), end) == 0;
}

bool
policy_is_proxy_host(const struct policy *p, const char *host)
{
	assert_ptr_equal(p, &policy);
	return strcmp(host, "gate.proxied") == 0;
}

static void
ranges(const char *a, const char *b)
{
	static struct network nets[2];

	conf.dns.fake_ip = nets;
	conf.dns.nfake_ip = 0;
	if (a != NULL)
		assert_int_equal(network_parse(a, &nets[conf.dns.nfake_ip++]), 0);
	if (b != NULL)
		assert_int_equal(network_parse(b, &nets[conf.dns.nfake_ip++]), 0);
	assert_int_equal(fake_ip_set_ranges(f, nets, conf.dns.nfake_ip, 0), 0);
}

static int
set_up(void **state)
{
	f = fake_ip_new();
	assert_non_null(f);
	env.fake_ip = f;
	ranges("198.18.0.0/15", "fd00::/112");
	return 0;
}

static int
tear_down(void **state)
{
	fake_ip_free(f);
	return 0;
}

/* The answer must be a whole one, that an asker verifies. */
static int
ask_message(const struct dns_build *b)
{
	char name[DNS_TEXT_MAX];
	int error;

	assert_int_equal(parse_query(b->bytes, b->len, &query), 0);
	dns_name_text(&query.question.name, name);
	error = dns_fake_reverse(&env, b->bytes, &query, name, out, &out_len);
	if (error == ENOENT && ends_with(name, ".proxied") && dns_fake_may(&env, &query, name))
		error = dns_fake_answer(&env, b->bytes, &query, name, 0, out, &out_len);
	if (error != 0)
		return error;
	assert_true(out_len <= DNS_UDP_MIN);
	assert_int_equal(parse_answer(out, out_len, query.id, &query, &answer), 0);
	assert_true(answer.has_question && !answer.truncated);
	return 0;
}

static int
ask(const char *name, unsigned type)
{
	struct dns_build b;

	build_query(&b, 77, name, type);
	return ask_message(&b);
}

static void
take_address(void *arg, const union addr *addr, uint32_t ttl)
{
	assert_int_equal(ttl, expected_ttl);
	assert_false(addr_is_set(arg));
	*(union addr *)arg = *addr;
}

static void
expect_address(const char *expected)
{
	union addr addr = addr_none;
	char text[ADDR_TEXT_MAX];

	assert_int_equal(answer.rcode, DNS_NOERROR);
	assert_int_equal(answer.answers, 1);
	dns_answer_addresses(out, out_len, take_address, &addr);
	assert_string_equal(addr_format_ip(&addr, text), expected);
}

static void
expect_nothing(enum dns_rcode rcode)
{
	assert_int_equal(answer.rcode, rcode);
	assert_int_equal(answer.answers, 0);
}

TEST(address_queries_for_proxied_names_are_answered)
{
	assert_int_equal(ask("a.proxied", DNS_A), 0);
	expect_address("198.18.0.1");
	assert_int_equal(ask("A.Proxied", DNS_AAAA), 0);
	expect_address("fd00::1");
	assert_int_equal(ask("b.proxied", DNS_A), 0);
	expect_address("198.18.0.2");
}

TEST(answer_comes_with_edns_when_the_query_had_it)
{
	struct dns_build b;

	build_header(&b, 5, 0x100, 1, 0, 0, 1);
	build_question(&b, "a.proxied", DNS_A);
	build_opt(&b, 1232, 0, "", 0);
	assert_int_equal(ask_message(&b), 0);
	expect_address("198.18.0.1");
	assert_true(answer.opt != 0 && answer.end == out_len);
}

TEST(family_without_range_has_no_record)
{
	ranges("198.18.0.0/15", NULL);
	assert_int_equal(ask("a.proxied", DNS_AAAA), 0);
	expect_nothing(DNS_NOERROR);
	ranges(NULL, "fd00::/112");
	assert_int_equal(ask("a.proxied", DNS_A), 0);
	expect_nothing(DNS_NOERROR);
}

TEST(service_records_are_none)
{
	assert_int_equal(ask("a.proxied", HTTPS), 0);
	expect_nothing(DNS_NOERROR);
	assert_int_equal(ask("a.proxied", SVCB), 0);
	expect_nothing(DNS_NOERROR);
	assert_int_equal(ask("other.example", HTTPS), ENOENT);
}

TEST(everything_else_is_left_to_the_resolvers)
{
	struct dns_build b;

	assert_int_equal(ask("a.proxied", TXT), ENOENT);
	assert_int_equal(ask("a.proxied", DNS_ANY), ENOENT);
	assert_int_equal(ask("other.example", DNS_A), ENOENT);
	assert_int_equal(ask("gate.proxied", DNS_A), ENOENT);
	assert_int_equal(ask("a b.proxied", DNS_A), ENOENT);
	assert_int_equal(ask("", DNS_A), ENOENT);
	build_header(&b, 5, 0x100, 1, 0, 0, 0);
	build_question(&b, "a.proxied", DNS_A);
	b.bytes[b.len - 1] = 3;         /* class CHAOS */
	assert_int_equal(ask_message(&b), ENOENT);
	ranges(NULL, NULL);
	assert_int_equal(ask("a.proxied", DNS_A), ENOENT);
	assert_int_equal(ask("1.0.18.198.in-addr.arpa", PTR), ENOENT);
}

TEST(names_have_their_own_addresses_while_nothing_is_intercepted)
{
	env.paused = true;
	assert_int_equal(ask("a.proxied", DNS_A), ENOENT);
	assert_int_equal(ask("a.proxied", HTTPS), ENOENT);
	env.paused = false;
	conf.global_enabled = false;
	assert_int_equal(ask("a.proxied", DNS_A), ENOENT);
	conf.global_enabled = true;
	assert_int_equal(ask("a.proxied", DNS_A), 0);
}

TEST(automatic_addresses_are_for_a_second)
{
	conf.dns.fake_ip_mode = FAKE_IP_AUTO;
	expected_ttl = 1;
	assert_int_equal(ask("a.proxied", DNS_A), 0);
	expect_address("198.18.0.1");
	assert_int_equal(ask("1.0.18.198.in-addr.arpa", PTR), 0);
	assert_int_equal(answer.ttl, 1);
	conf.dns.fake_ip_mode = FAKE_IP_ALWAYS;
	expected_ttl = FAKE_IP_TTL_S;
}

TEST(names_of_this_network_have_no_made_up_address)
{
	static const char *const names[] = { "printer", "localhost", "a.localhost", "nas.local", "nas.home.arpa",
		"db.internal", "a.invalid", "a.test", "1.1.168.192.in-addr.arpa" };
	struct dns_build b;

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		assert_true(dns_stays_here(names[i]));
		build_query(&b, 77, names[i], DNS_A);
		assert_int_equal(parse_query(b.bytes, b.len, &query), 0);
		assert_false(dns_fake_may(&env, &query, names[i]));
	}
	assert_false(dns_stays_here("www.kion.cloud"));
}

TEST(longest_name_fits)
{
	char name[HOST_MAX + 1];

	memset(name, 'a', HOST_MAX);
	for (size_t i = 60; i < HOST_MAX - 8; i += 60)
		name[i] = '.';
	strcpy(name + HOST_MAX - 8, ".proxied");
	assert_int_equal(ask(name, DNS_AAAA), 0);
	expect_address("fd00::1");
	assert_int_equal(ask("1.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.d.f.ip6.arpa", PTR), 0);
	assert_int_equal(answer.answers, 1);
}

TEST(full_range_is_an_error)
{
	ranges("10.0.0.0/30", NULL);
	assert_int_equal(ask("a.proxied", DNS_A), 0);
	assert_int_equal(ask("b.proxied", DNS_A), 0);
	assert_int_equal(ask("c.proxied", DNS_A), ENOSPC);
	assert_int_equal(ask("c.proxied", HTTPS), 0);
}

TEST(reverse_queries_give_the_name)
{
	const uint8_t name[] = "\1a\7proxied";

	assert_int_equal(ask("a.proxied", DNS_A), 0);
	assert_int_equal(ask("1.0.18.198.in-addr.arpa", PTR), 0);
	assert_int_equal(answer.answers, 1);
	assert_int_equal(answer.ttl, FAKE_IP_TTL_S);
	assert_memory_equal(out + out_len - sizeof(name), name, sizeof(name));
	assert_int_equal(ask("2.0.18.198.IN-ADDR.arpa", PTR), 0);
	expect_nothing(DNS_NXDOMAIN);
	assert_int_equal(ask("1.0.20.198.in-addr.arpa", PTR), ENOENT);
	assert_int_equal(ask("18.198.in-addr.arpa", PTR), ENOENT);
}

TEST(reverse_names_are_addresses_or_nothing)
{
	static const struct { const char *name, *addr; } rows[] = {
		{ "4.3.2.1.in-addr.arpa", "1.2.3.4" },
		{ "255.255.255.255.in-addr.arpa", "255.255.255.255" },
		{ "f.e.d.c.b.a.9.8.7.6.5.4.3.2.1.0.0.0.0.0.0.0.0.0.8.b.d.0.1.0.0.2.ip6.arpa", "2001:db8::123:4567:89ab:cdef" },
		{ "256.3.2.1.in-addr.arpa", NULL },
		{ "3.2.1.in-addr.arpa", NULL },
		{ "5.4.3.2.1.in-addr.arpa", NULL },
		{ "1.2.3.4.5.6.7.8.9.10.11.in-addr.arpa", NULL },
		{ "::1.in-addr.arpa", NULL },
		{ "in-addr.arpa", NULL },
		{ ".in-addr.arpa", NULL },
		{ "4.3.2.1.in-addr.arpa.example", NULL },
		{ "e.d.c.b.a.9.8.7.6.5.4.3.2.1.0.0.0.0.0.0.0.0.0.8.b.d.0.1.0.0.2.ip6.arpa", NULL },
		{ "0.f.e.d.c.b.a.9.8.7.6.5.4.3.2.1.0.0.0.0.0.0.0.0.0.8.b.d.0.1.0.0.2.ip6.arpa", NULL },
		{ "g.e.d.c.b.a.9.8.7.6.5.4.3.2.1.0.0.0.0.0.0.0.0.0.8.b.d.0.1.0.0.2.ip6.arpa", NULL },
		{ "fe.d.c.b.a.9.8.7.6.5.4.3.2.1.0.0.0.0.0.0.0.0.0.8.b.d.0.1.0.0.2..ip6.arpa", NULL },
		{ "ip6.arpa", NULL },
		{ "", NULL },
	};
	char text[ADDR_TEXT_MAX];
	union addr addr;

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		assert_int_equal(dns_reverse_addr(rows[i].name, &addr), rows[i].addr != NULL);
		if (rows[i].addr != NULL)
			assert_string_equal(addr_format_ip(&addr, text), rows[i].addr);
	}
}

RUN_TESTS(set_up, tear_down)
