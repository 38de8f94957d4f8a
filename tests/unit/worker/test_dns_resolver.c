/* What is asked of resolvers and what is not: equal questions, negative, stale, popular and local answers. */
#include "config.h"

#include <ctype.h>

#include "dns_fixture.h"

#include "wire/dns_local.h"
#include "worker/dns/dns_resolver.h"

static struct resolver *const first = &fx.resolvers[0], *const second = &fx.resolvers[1];

TEST(equal_questions_are_asked_once_and_answered_to_each_in_its_own_words)
{
	first->on_udp = stay_silent;
	client_ask(0, 42, "www.example", DNS_A);
	client_ask(1, 42, "WWW.Example", DNS_A);
	client_ask(1, 43, "www.example", DNS_AAAA);
	fixture_until(&first->nheard, 2);
	client_ask(0, 44, "www.exAMPLE", DNS_A);
	assert_true(client_silent(0));
	assert_int_equal(first->nheard, 2);
	answer_one(first, &first->heard[0]);
	client_expect(0, 42, "www.example", DNS_A);
	client_expect(1, 42, "WWW.Example", DNS_A);
	client_expect(0, 44, "www.exAMPLE", DNS_A);
	assert_int_equal(fx.nrecords, 3);
	answer_one(first, &first->heard[1]);
	client_expect(1, 43, "www.example", DNS_AAAA);
}

/* 60 records, whatever the asker's size. */
static void
answer_big(struct resolver *r, const struct heard *h)
{
	struct dns_build b;

	answer_build(&b, h, 1);
	b.bytes[7] = 60;
	for (unsigned i = 1; i < 60; i++) {
		build16(&b, 0xc00c);
		build_record(&b, DNS_A, 100, (const uint8_t[]){ 192, 0, 2, (uint8_t)(i + 1) }, 4);
	}
	answer_udp(r, h, &b);
}

TEST(shared_answer_is_cut_to_the_size_of_each)
{
	struct dns_build b;
	int fd;

	first->on_udp = stay_silent;
	client_ask(0, 1, "www.example", DNS_A);
	fixture_until(&first->nheard, 1);
	fd = client_connect();
	build_query(&b, 2, "www.example", DNS_A);
	client_write_frame(fd, &b);
	assert_true(client_silent(0));
	answer_big(first, &first->heard[0]);
	client_expect(0, 1, "www.example", DNS_A);
	assert_true(fx.answer.truncated);
	client_read_frame(fd, &b);
	assert_int_equal(b.len, 12 + 17 + 60 * 16);
	assert_memory_equal(b.bytes + 2, "\x81\x80\0\1\0\x3c\0\0\0\0", 10);
	assert_int_equal(first->nheard, 1);
	close(fd);
}

/* With a client cookie and a server cookie (RFC 7873), which are numbered. */
static void
build_cookie(struct dns_build *b, unsigned id, const char *name, unsigned cookie)
{
	uint8_t option[20] = { 0, 10, 0, 16, (uint8_t)(cookie >> 8), (uint8_t)cookie };

	build_header(b, id, 0x0100, 1, 0, 0, 1);
	build_question(b, name, DNS_A);
	build_opt(b, 1232, 0, option, sizeof(option));
}

static bool
has_options(const struct heard *h)
{
	return h->query.options;
}

TEST(any_number_of_cookies_makes_one_flight_in_many_spellings)
{
	const size_t name = 12 + 1, letters = 20;
	struct dns_build b;

	fx.conf.limits.dns_queries = 2000;
	first->on_udp = second->on_udp = stay_silent;
	for (unsigned i = 0; i < 900; i++) {
		build_cookie(&b, i, "abcdefghijklmnopqrst.example", i);
		client_send((int)i % 2, &b);
		if (i % 50 == 0)
			assert_true(client_silent(0));
	}
	assert_true(client_silent(0));
	assert_int_equal(first->nheard, 2);     /* the first with its cookie, which is closed; and one for all */
	assert_true(has_options(&first->heard[0]) && !has_options(&first->heard[1]));
	fixture_advance(DNS_RETRY_S + 0.1);
	fixture_until(&second->nheard, 1);
	fixture_advance(DNS_RETRY_S + 0.1);
	fixture_until(&first->nheard, 3);
	assert_memory_not_equal(first->heard[1].msg.bytes + name, second->heard[0].msg.bytes + name, letters);
	answer_one(first, &first->heard[0]);
	assert_true(client_silent(0));
	answer_one(second, &second->heard[0]);
	fixture_until(&fx.nrecords, 900);
	assert_int_equal(first->nheard + second->nheard, 4);
}

TEST(question_with_options_begins_again_without_when_another_asks_it)
{
	struct dns_build b;

	first->on_udp = stay_silent;
	build_cookie(&b, 1, "www.example", 7);
	client_send(0, &b);
	fixture_until(&first->nheard, 1);
	client_send(0, &b); /* he repeats himself */
	assert_true(client_silent(0));
	assert_int_equal(first->nheard, 1);
	build_header(&b, 2, 0x0100, 1, 0, 0, 1);
	build_question(&b, "www.example", DNS_A);
	build_opt(&b, 4096, 0, "", 0);
	client_send(1, &b);
	fixture_until(&first->nheard, 2);
	assert_false(has_options(&first->heard[1]));
	answer_one(first, &first->heard[0]);
	assert_true(client_silent(0) && client_silent(1));
	answer_one(first, &first->heard[1]);
	client_expect(0, 1, "www.example", DNS_A);
	client_expect(0, 1, "www.example", DNS_A);
	client_expect(1, 2, "www.example", DNS_A);
}

TEST(question_with_options_joins_the_one_without)
{
	struct dns_build b;

	first->on_udp = stay_silent;
	build_header(&b, 2, 0x0100, 1, 0, 0, 1);
	build_question(&b, "www.example", DNS_A);
	build_opt(&b, 4096, 0, "", 0);
	client_send(1, &b);
	fixture_until(&first->nheard, 1);
	build_cookie(&b, 1, "www.example", 7);
	client_send(0, &b);
	assert_true(client_silent(0));
	assert_int_equal(first->nheard, 1);
	answer_one(first, &first->heard[0]);
	client_expect(0, 1, "www.example", DNS_A);
	client_expect(1, 2, "www.example", DNS_A);
}

TEST(answer_to_a_question_with_options_is_for_nobody_else)
{
	struct dns_build b;

	for (unsigned i = 1; i < 3; i++) {
		build_cookie(&b, i, "www.example", 7);
		client_send(0, &b);
		client_expect(0, i, "www.example", DNS_A);
		assert_int_equal(first->nheard, i);
	}
}

TEST(options_never_go_through_a_proxy)
{
	struct dns_build b;

	build_cookie(&b, 1, "www.proxied", 7);
	client_send(0, &b);
	client_expect(0, 1, "www.proxied", DNS_A);
	assert_false(has_options(&second->tcp_heard[0]));
	client_send(0, &b);
	client_expect(0, 1, "www.proxied", DNS_A);
	assert_int_equal(second->ntcp_heard, 1);
}

TEST(one_who_leaves_does_not_take_the_question_along)
{
	const struct linger reset = { .l_onoff = 1 };
	struct dns_build b;
	int fd = client_connect();

	setsockopt(fd, SOL_SOCKET, SO_LINGER, &reset, sizeof(reset));
	first->on_udp = stay_silent;
	build_query(&b, 2, "www.example", DNS_A);
	client_write_frame(fd, &b);
	fixture_until(&first->nheard, 1);
	client_ask(0, 1, "www.example", DNS_A);
	assert_true(client_silent(0));
	close(fd);
	while (fx.nrecords == 0)
		ev_run(fx.loop, EVRUN_ONCE);
	assert_int_equal(fx.records[0].reason, CLOSE_CLIENT_RESET);
	answer_one(first, &first->heard[0]);
	client_expect(0, 1, "www.example", DNS_A);
	assert_int_equal(first->nheard, 1);
}

TEST(answer_asked_for_before_a_reload_is_neither_shared_nor_kept_after_it)
{
	first->on_udp = stay_silent;
	client_ask(0, 1, "www.example", DNS_A);
	fixture_until(&first->nheard, 1);
	dns_proxy_policy_changed(fx.proxy);
	client_ask(1, 2, "www.example", DNS_A);
	fixture_until(&first->nheard, 2);
	answer_one(first, &first->heard[0]);
	client_expect(0, 1, "www.example", DNS_A);
	assert_true(client_silent(1));
	client_ask(0, 3, "www.example", DNS_A);
	assert_true(client_silent(0));
	answer_one(first, &first->heard[1]);
	client_expect(1, 2, "www.example", DNS_A);
	client_expect(0, 3, "www.example", DNS_A);
}

/* A stub resolver on this host that asks us in its turn. */
TEST(question_that_comes_back_is_asked_no_second_time)
{
	static const char *const names[] = { "a.example", "b.example" };
	struct dns_build b;

	first->on_udp = second->on_udp = stay_silent;
	for (unsigned i = 0; i < 2; i++) {
		build_header(&b, 1, 0x0100, 1, 0, 0, 1);
		build_question(&b, names[i], DNS_A);
		build_opt(&b, 1232, 0, "\0\x0a\0\x08" "abcdefgh", i == 0 ? 0 : 12);
		client_send(0, &b);
		fixture_until(&first->nheard, i + 1);
		client_send(1, &first->heard[i].msg);
		assert_true(client_silent(1));
		assert_int_equal(first->nheard, i + 1);
	}
	fixture_advance(5.1);
	for (unsigned i = 0; i < 2; i++) {
		client_expect(0, 1, names[i], DNS_A);
		assert_int_equal(fx.answer.rcode, DNS_SERVFAIL);
	}
}

/* NXDOMAIN for names that begin with n; SOA with TTL 600 and MINIMUM 300, but for names that end with x. */
static void
answer_negative(struct resolver *r, const struct heard *h)
{
	const uint8_t *name = h->msg.bytes + 12;
	struct dns_build b;

	b.len = 0;
	build_bytes(&b, h->msg.bytes, h->query.question.end);
	memcpy(b.bytes + 2, tolower(name[1]) == 'n' ? "\x81\x83\0\1\0\0\0\0\0\0" : "\x81\x80\0\1\0\0\0\0\0\0", 10);
	if (tolower(name[name[0]]) != 'x') {
		b.bytes[9] = 1;
		build16(&b, 0xc00c);
		build_record(&b, DNS_SOA, 600, "\0\0\0\0\0\1\0\0\0\1\0\0\0\1\0\0\0\1\0\0\1\x2c", 22);
	}
	answer_udp(r, h, &b);
}

TEST(negative_answers_are_kept_as_the_soa_record_says)
{
	static const char *const names[] = { "nothing.example", "data.example" };

	fixture_known();
	first->on_udp = answer_negative;
	for (unsigned i = 0; i < 2; i++) {
		ask_and_expect(1, names[i], DNS_A);
		fixture_advance(290);
		ask_and_expect(2, names[i], DNS_A);
		assert_int_equal(first->nheard, 2 * i + 1);
		assert_int_equal(fx.answer.rcode, i == 0 ? DNS_NXDOMAIN : DNS_NOERROR);
		fixture_advance(11);
		ask_and_expect(3, names[i], DNS_A);
		assert_int_equal(first->nheard, 2 * i + 2);
	}
}

TEST(negative_answers_without_soa_are_not_kept)
{
	static const char *const names[] = { "nox.example", "dax.example" };

	fixture_known();
	first->on_udp = answer_negative;
	for (unsigned i = 0; i < 4; i++)
		ask_and_expect(i, names[i / 2], DNS_A);
	assert_int_equal(first->nheard, 4);
}

TEST(ttl_is_brought_within_the_limits)
{
	uint32_t ttl;

	fx.conf.dns.ttl_max = 20;
	for (unsigned i = 0; i < 2; i++) {
		ask_and_expect(1, i == 0 ? "a.example" : "b.example", DNS_A);
		reply_last_byte(&ttl);
		assert_int_equal(ttl, i == 0 ? 20 : 500);
		fixture_advance(i == 0 ? 19 : 498);
		ask_and_expect(2, i == 0 ? "a.example" : "b.example", DNS_A);
		assert_int_equal(first->nheard, 2 * i + 1);
		fixture_advance(2);
		ask_and_expect(3, i == 0 ? "a.example" : "b.example", DNS_A);
		assert_int_equal(first->nheard, 2 * i + 2);
		fx.conf.dns.ttl_min = fx.conf.dns.ttl_max = 500;
	}
}

/* www.example is kept, and its time is over. */
static void
make_stale(void)
{
	fx.conf.dns.stale = 1000;
	dns_proxy_policy_changed(fx.proxy);
	ask_and_expect(1, "www.example", DNS_A);
	fixture_advance(101);
	first->on_udp = second->on_udp = stay_silent;
}

TEST(stale_answer_is_given_after_some_patience_and_the_new_one_is_kept)
{
	uint32_t ttl;
	struct dns_build b;

	make_stale();
	client_ask(0, 2, "www.example", DNS_A);
	client_ask(1, 3, "wWw.example", DNS_A);
	assert_true(client_silent(0) && client_silent(1));
	fixture_advance(DNS_PATIENCE_S);
	client_expect(0, 2, "www.example", DNS_A);
	client_expect(1, 3, "wWw.example", DNS_A);
	reply_last_byte(&ttl);
	assert_int_equal(ttl, DNS_STALE_TTL);
	assert_string_equal(learned("192.0.2.1"), "www.example");
	assert_int_equal(first->nheard, 2);
	answer_build(&b, &first->heard[1], 7);
	answer_udp(first, &first->heard[1], &b);
	assert_true(client_silent(0));
	ask_and_expect(4, "www.example", DNS_A);
	assert_int_equal(reply_last_byte(&ttl), 7);
	assert_int_equal(ttl, 100);
}

TEST(stale_answer_is_given_at_once_after_a_failure)
{
	make_stale();
	first->on_udp = second->on_udp = answer_servfail;
	ask_and_expect(2, "www.example", DNS_A);
	assert_int_equal(fx.answer.rcode, DNS_NOERROR);
	first->on_udp = second->on_udp = stay_silent;
	ask_and_expect(3, "www.example", DNS_A);
	assert_int_equal(fx.answer.rcode, DNS_NOERROR);
	assert_int_equal(first->nheard, 2);
	first->on_udp = second->on_udp = answer_one;
	fixture_advance(DNS_STALE_RETRY_S + 0.1);
	ask_and_expect(4, "www.example", DNS_A);
	assert_int_equal(account_counter(fx.account, COUNT_DNS_CACHED), 2);
}

TEST(stale_answer_ends_too)
{
	make_stale();
	fixture_advance(1000);
	client_ask(0, 2, "www.example", DNS_A);
	assert_true(client_silent(0));
	fixture_advance(DNS_PATIENCE_S);
	assert_true(client_silent(0));
}

TEST(popular_name_is_asked_again_before_its_end)
{
	fx.conf.dns.prefetch = true;
	for (unsigned i = 0; i <= DNS_POPULAR; i++)
		ask_and_expect(i, "www.example", DNS_A);
	fixture_advance(89);
	ask_and_expect(7, "www.example", DNS_A);
	assert_int_equal(first->nheard, 1);
	fixture_advance(2);
	ask_and_expect(8, "www.example", DNS_A);
	fixture_until(&first->nheard, 2);
	assert_true(client_silent(0));
	fixture_advance(50);
	ask_and_expect(9, "www.example", DNS_A);
	assert_int_equal(first->nheard, 2);
}

TEST(names_through_a_proxy_are_shared_and_kept_apart_from_direct_ones)
{
	second->on_tcp = stay_silent;
	client_ask(0, 1, "www.proxied", DNS_A);
	client_ask(1, 2, "www.proxied", DNS_A);
	fixture_until(&second->ntcp_heard, 1);
	assert_true(client_silent(0));
	assert_int_equal(second->ntcp_heard, 1);
	answer_one_tcp(second, &second->tcp_heard[0]);
	client_expect(0, 1, "www.proxied", DNS_A);
	client_expect(1, 2, "www.proxied", DNS_A);
	assert_int_equal(first->nheard + second->nheard, 0);
}

TEST(block_answer_null_is_an_address_of_nobody)
{
	fx.conf.dns.block_answer = DNS_BLOCK_NULL;
	ask_and_expect(1, "www.blocked", DNS_A);
	assert_int_equal(fx.reply.len, 12 + 17 + 16);
	assert_memory_equal(fx.reply.bytes + fx.reply.len - 4, "\0\0\0\0", 4);
	ask_and_expect(2, "www.blocked", DNS_AAAA);
	assert_int_equal(fx.reply.len, 12 + 17 + 28);
	ask_and_expect(3, "www.blocked", 65);
	assert_int_equal(fx.answer.rcode, DNS_NOERROR);
	assert_int_equal(fx.answer.answers, 0);
	assert_null(learned("0.0.0.0"));
}

TEST(block_answer_refused_refuses)
{
	fx.conf.dns.block_answer = DNS_BLOCK_REFUSED;
	ask_and_expect(1, "www.blocked", DNS_A);
	assert_int_equal(fx.answer.rcode, DNS_REFUSED);
}

static struct conf_rule canary_rule;

static void
canary_rules(enum action action)
{
	canary_rule = (struct conf_rule){ .enabled = true, .action = action };
	fx.conf.rules = &canary_rule;
	fx.conf.nrules = 1;
	fx.conf.global_enabled = true;
}

TEST(canaries_do_not_exist_while_a_rule_does_something)
{
	static const char *const names[] = { "use-application-dns.net", "mask.icloud.com", "mask-h2.icloud.com" };

	for (unsigned i = 0; i < 3; i++) {
		canary_rules(ACTION_DIRECT);
		ask_and_expect(1, names[i], DNS_A);
		assert_int_equal(fx.answer.rcode, DNS_NOERROR);
		canary_rules(ACTION_PROXY);
		ask_and_expect(2, names[i], DNS_AAAA);
		assert_int_equal(fx.answer.rcode, DNS_NXDOMAIN);
		assert_int_equal(fx.records[2 * i + 1].reason, CLOSE_BLOCKED);
	}
	ask_and_expect(3, "mask.icloud.com.example", DNS_A);
	assert_int_equal(fx.answer.rcode, DNS_NOERROR);
}

TEST(private_relay_exists_while_nothing_is_intercepted)
{
	canary_rules(ACTION_PROXY);
	fx.env.paused = true;
	ask_and_expect(1, "mask.icloud.com", DNS_A);
	fx.env.paused = fx.conf.global_enabled = false;
	ask_and_expect(2, "mask-h2.icloud.com", DNS_A);
	assert_int_equal(fx.answer.rcode, DNS_NOERROR);
	assert_int_equal(first->nheard, 2);
}

TEST(no_resolver_is_designated_while_a_rule_does_something)
{
	static const char *const names[] = { "_dns.resolver.arpa", "resolver.arpa", "x._dns.Resolver.ARPA" };

	fixture_known();
	ask_and_expect(1, names[0], 64);
	assert_int_equal(first->nheard, 1);
	canary_rules(ACTION_BLOCK);
	for (unsigned i = 0; i < 3; i++) {
		ask_and_expect(2, names[i], 64);
		assert_int_equal(fx.answer.rcode, DNS_NOERROR);
		assert_int_equal(fx.answer.answers, 0);
	}
	assert_int_equal(first->nheard, 1);
	ask_and_expect(3, "notresolver.arpa", 64);
	assert_int_equal(first->nheard, 2);
}

/* The resolvers of the fixture are on loopback. */
TEST(names_of_private_addresses_go_to_a_resolver_nearby_only)
{
	fixture_known();
	ask_and_expect(1, "1.0.168.192.in-addr.arpa", 12);
	assert_int_equal(first->nheard, 1);
	fx.firewall.error = 0;
	assert_int_equal(addr_parse("192.0.2.53", 53, &fx.firewall.dst), 0);
	client_ask(0, 2, "1.0.168.192.in-addr.arpa", 12);
	while (fx.firewall.replies == 0)
		ev_run(fx.loop, EVRUN_ONCE);
	assert_int_equal(fx.firewall.reply.bytes[3] & 15, DNS_NXDOMAIN);
	assert_int_equal(first->nheard, 1);
}

TEST(local_names_are_those_of_private_reverse_zones)
{
	static const char *const local[] = { "10.in-addr.arpa", "4.3.2.10.in-addr.arpa", "16.172.in-addr.arpa",
		"1.0.31.172.in-addr.arpa", "254.169.in-addr.arpa", "1.0.0.127.in-addr.arpa", "64.100.in-addr.arpa",
		"1.d.f.ip6.arpa", "0.b.e.f.ip6.arpa" };
	static const char *const others[] = { "110.in-addr.arpa", "172.in-addr.arpa", "15.172.in-addr.arpa",
		"32.172.in-addr.arpa", "1.8.8.8.in-addr.arpa", "in-addr.arpa", "ip6.arpa", "10.in-addr.arpa.example",
		"63.100.in-addr.arpa", "x16.172.in-addr.arpa", "c.e.f.ip6.arpa", "example", "." };

	for (size_t i = 0; i < sizeof(local) / sizeof(local[0]); i++)
		assert_true(dns_local_name(local[i]));
	for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++)
		assert_false(dns_local_name(others[i]));
}

RUN_TESTS(fixture_setup, fixture_teardown)
