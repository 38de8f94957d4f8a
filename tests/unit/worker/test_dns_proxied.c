/* Queries that go through proxies: one kept, pipelined connection, and no way round it. */
#include "config.h"

#include "dns_fixture.h"

static struct resolver *const first = &fx.resolvers[0], *const far = &fx.resolvers[1];

static void
assert_reason(unsigned i, enum close_reason reason)
{
	assert_true(i < fx.nrecords);
	assert_int_equal(fx.records[i].verdict.action, ACTION_PROXY);
	assert_int_equal(fx.records[i].reason, reason);
	assert_ptr_equal(fx.records[i].proxy, &fx.proxies[0]);
}

static void
ask_proxied(unsigned id, const char *name)
{
	ask_and_expect(id, name, DNS_A);
}

TEST(matching_name_goes_through_the_proxy_only)
{
	ask_proxied(1, "www.Proxied");
	assert_int_equal(reply_last_byte(NULL), 1);
	assert_string_equal(learned("192.0.2.1"), "www.proxied");
	assert_int_equal(fx.opens, 1);
	assert_true(addr_equal(&fx.target, &first->addr)); /* what the proxy is asked for */
	assert_int_equal(first->nheard + far->nheard, 0);
	assert_reason(0, CLOSE_DONE);
	assert_int_equal(account_counter(fx.account, COUNT_DNS_PROXIED), 1);
	ask_proxied(2, "www.proxied");
	assert_int_equal(account_counter(fx.account, COUNT_DNS_CACHED), 1);
	assert_int_equal(far->ntcp_heard, 1);
}

TEST(name_of_a_proxy_itself_goes_direct)
{
	ask_and_expect(1, "host.proxied", DNS_A);
	assert_int_equal(first->nheard, 1);
	assert_int_equal(fx.opens, 0);
	assert_int_equal(fx.records[0].verdict.action, ACTION_DIRECT);
}

static void
hold(struct resolver *r, const struct heard *h)
{
}

TEST(answers_on_one_connection_may_come_in_any_order)
{
	static const char *const names[] = { "a.proxied", "b.proxied", "c.proxied" };
	struct dns_build b;

	far->on_tcp = hold;
	for (unsigned i = 0; i < 3; i++)
		client_ask(0, 7, names[i], DNS_A); /* one id for all: ours must differ */
	fixture_until(&far->ntcp_heard, 3);
	assert_int_equal(far->connections, 1);
	for (unsigned i = 3; i-- > 0; ) {
		answer_build(&b, &far->tcp_heard[i], i + 10);
		answer_tcp(far, &b);
		client_expect(0, 7, names[i], DNS_A);
		assert_int_equal(reply_last_byte(NULL), i + 10);
	}
	assert_int_not_equal(far->tcp_heard[0].query.id, far->tcp_heard[1].query.id);
	assert_int_not_equal(far->tcp_heard[1].query.id, far->tcp_heard[2].query.id);
}

TEST(wrong_messages_on_the_connection_are_ignored)
{
	struct dns_build b;

	far->on_tcp = hold;
	client_ask(0, 7, "a.proxied", DNS_A);
	fixture_until(&far->ntcp_heard, 1);
	b.len = 0;
	answer_tcp(far, &b);
	build_bytes(&b, "garbage", 7);
	answer_tcp(far, &b);
	answer_build(&b, &far->tcp_heard[0], 66);
	b.bytes[1] ^= 1;
	answer_tcp(far, &b);
	answer_build(&b, &far->tcp_heard[0], 66);
	b.bytes[13] ^= 1;
	answer_tcp(far, &b);
	answer_one_tcp(far, &far->tcp_heard[0]);
	client_expect(0, 7, "a.proxied", DNS_A);
	assert_int_equal(reply_last_byte(NULL), 1);
	answer_one_tcp(far, &far->tcp_heard[0]); /* once more: nobody waits for it now */
	assert_true(client_silent(0));
}

static void
hang_up(struct resolver *r, const struct heard *h)
{
	shutdown(r->tcp, SHUT_RDWR);
}

static void
hang_up_once(struct resolver *r, const struct heard *h)
{
	if (r->connections == 1)
		hang_up(r, h);
	else
		answer_one_tcp(r, h);
}

TEST(dead_connection_is_opened_again_once)
{
	ask_proxied(1, "a.proxied");
	far->on_tcp = hang_up_once;
	ask_proxied(2, "b.proxied");
	assert_int_equal(reply_last_byte(NULL), 1);
	assert_int_equal(far->connections, 2);
	far->on_tcp = hang_up;
	ask_proxied(3, "c.proxied");
	assert_int_equal(fx.answer.rcode, DNS_SERVFAIL);
	assert_int_equal(far->connections, 3);
	assert_reason(2, CLOSE_SERVER_RESET);
}

static void
answer_on_the_second_connection(struct resolver *r, const struct heard *h)
{
	if (r->connections == 2)
		answer_one_tcp(r, h);
}

TEST(silent_connection_is_opened_again_within_the_time)
{
	ask_proxied(1, "a.proxied");
	far->on_tcp = answer_on_the_second_connection;
	client_ask(0, 2, "b.proxied", DNS_A);
	fixture_until(&far->ntcp_heard, 2);
	fixture_advance(2.1);
	client_expect(0, 2, "b.proxied", DNS_A);
	assert_int_equal(fx.answer.rcode, DNS_NOERROR);
	assert_int_equal(far->connections, 2);
}

TEST(silence_through_the_proxy_is_servfail_in_time)
{
	far->on_tcp = hold;
	client_ask(0, 2, "b.proxied", DNS_A);
	fixture_until(&far->ntcp_heard, 1);
	fixture_advance(2.1);
	fixture_until(&far->ntcp_heard, 2);
	fixture_advance(3);
	client_expect(0, 2, "b.proxied", DNS_A);
	assert_int_equal(fx.answer.rcode, DNS_SERVFAIL);
	assert_reason(0, CLOSE_DNS_TIMEOUT);
	assert_int_equal(far->connections, 2);
}

TEST(connection_without_queries_is_closed_after_a_while)
{
	ask_proxied(1, "a.proxied");
	assert_true(far->tcp != -1);
	fixture_advance(29);
	assert_true(far->tcp != -1);
	fixture_advance(2);
	assert_int_equal(far->tcp, -1);
	ask_proxied(2, "b.proxied");
	assert_int_equal(far->connections, 2);
}

TEST(reload_closes_idle_connections)
{
	ask_proxied(1, "a.proxied");
	dns_proxy_policy_changed(fx.proxy);
	fixture_advance(0);
	assert_int_equal(far->tcp, -1);
}

TEST(failing_proxy_is_servfail_and_never_direct)
{
	fx.dial = addr_none;
	ask_proxied(1, "www.proxied");
	assert_int_equal(fx.answer.rcode, DNS_SERVFAIL);
	assert_reason(0, CLOSE_SOCKS_REFUSED);
	fx.nproxies = 0;
	ask_proxied(2, "www.proxied");
	assert_int_equal(fx.answer.rcode, DNS_SERVFAIL);
	assert_int_equal(fx.records[1].reason, CLOSE_PROXY_DOWN);
	assert_int_equal(first->nheard + first->connections + far->nheard, 0);
}

TEST(resolver_is_the_proxys_own_or_the_one_that_was_meant)
{
	union addr meant;

	fx.proxies[0].dns_server = addr_none;
	assert_int_equal(addr_parse("203.0.113.53", 53, &meant), 0);
	fx.firewall.error = 0;
	fx.firewall.dst = meant;
	client_ask(0, 1, "a.proxied", DNS_A);
	fixture_until(&fx.firewall.replies, 1);
	assert_true(addr_equal(&fx.target, &meant));
	assert_true(addr_equal(&fx.records[0].dst, &meant));
	assert_int_equal(addr_parse("127.0.0.53", 53, &fx.firewall.dst), 0);
	client_ask(0, 1, "b.proxied", DNS_A);
	fixture_until(&fx.firewall.replies, 2);
	assert_int_equal(fx.opens, 1);          /* all of ours are loopback addresses, which are never asked there */
	assert_int_equal(fx.records[1].reason, CLOSE_NO_DESTINATION);
	fx.policy->resolvers[1] = meant;
	client_ask(0, 1, "c.proxied", DNS_A);
	fixture_until(&fx.firewall.replies, 3);
	assert_true(addr_equal(&fx.target, &meant));
	assert_int_equal(addr_parse("198.51.100.1", 5353, &fx.proxies[0].dns_server), 0);
	client_ask(0, 1, "d.proxied", DNS_A);
	fixture_until(&fx.firewall.replies, 4);
	assert_true(addr_equal(&fx.target, &fx.proxies[0].dns_server));
}

TEST(cache_keeps_the_ways_apart)
{
	ask_proxied(1, "www.proxied");
	assert_int_equal(addr_parse("198.51.100.1", 53, &fx.proxies[0].dns_server), 0);
	ask_proxied(2, "www.proxied");
	assert_int_equal(far->ntcp_heard, 2);
	assert_int_equal(far->connections, 2);
	assert_int_equal(account_counter(fx.account, COUNT_DNS_CACHED), 0);
}

TEST(many_queries_share_the_connection)
{
	char name[32];

	for (unsigned i = 0; i < 20; i++) {
		snprintf(name, sizeof(name), "n%u.proxied", i);
		client_ask(0, i, name, DNS_A);
	}
	for (unsigned i = 0; i < 20; i++)
		client_receive(0);
	assert_int_equal(far->connections, 1);
	assert_int_equal(far->ntcp_heard, 20);
	assert_int_equal(fx.nrecords, 20);
}

TEST(made_up_answer_asks_nobody)
{
	fx.may_fake = true;
	fx.conf.dns.fake_ip_mode = FAKE_IP_ALWAYS;
	ask_proxied(1, "www.proxied");
	assert_int_equal(fx.answer.rcode, DNS_NOERROR);
	assert_int_equal(fx.answer.answers, 0);
	assert_int_equal(fx.records[0].reason, CLOSE_DONE);
	assert_int_equal(fx.records[0].verdict.action, ACTION_PROXY);
	fx.fake_error = ENOSPC;
	ask_proxied(2, "www.proxied");
	assert_int_equal(fx.answer.rcode, DNS_SERVFAIL);
	assert_int_equal(fx.records[1].reason, CLOSE_LIMIT);
	assert_int_equal(fx.opens + fx.resolvers[0].nheard + fx.resolvers[1].nheard, 0);
}

RUN_TESTS(fixture_setup, fixture_teardown)
