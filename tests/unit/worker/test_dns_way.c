/* dns.fake_ip "auto": when a proxied name gets a made-up address, and what is remembered of that. */
#include "config.h"

#include "dns_fixture.h"
#include "worker/upstream/proxy_way.h"

static struct resolver *const first = &fx.resolvers[0], *const far = &fx.resolvers[1];
static union addr public;

static int
setup(void **state)
{
	fixture_setup(state);
	fx.conf.dns.fake_ip_mode = FAKE_IP_AUTO;
	fx.may_fake = true;
	fx.nproxies = 1;
	fx.proxies[0].dns_server = addr_none;
	assert_int_equal(addr_parse("203.0.113.53", 53, &public), 0);
	fx.policy->resolvers[0] = public;
	return 0;
}

/* A made-up answer has no records here, a real one has. */
static bool
made_up(unsigned id, const char *name)
{
	client_expect(0, id, name, DNS_A);
	assert_int_equal(fx.answer.rcode, DNS_NOERROR);
	return fx.answer.answers == 0;
}

static bool
ask(unsigned id, const char *name)
{
	client_ask(0, id, name, DNS_A);
	return made_up(id, name);
}

TEST(way_that_works_keeps_real_addresses)
{
	assert_false(ask(1, "a.proxied"));
	assert_int_equal(reply_last_byte(NULL), 1);
	assert_true(addr_equal(&fx.target, &public));
	assert_int_equal(fx.states[0].ways[0].way, NAME_LOOKED_UP);
}

TEST(refusal_by_the_proxy_makes_up_an_address_at_once_and_is_remembered)
{
	fx.dial = addr_none;
	assert_true(ask(1, "a.proxied"));
	assert_int_equal(fx.opens, 1);
	assert_true(ask(2, "b.proxied"));
	assert_int_equal(fx.opens, 1);
	assert_int_equal(fx.states[0].ways[0].way, NAME_REFUSED);
	assert_int_equal(fx.records[1].reason, CLOSE_DONE);
	assert_int_equal(first->nheard + far->nheard, 0);
}

TEST(silence_makes_up_an_address_after_the_time_that_the_proxy_needs)
{
	far->on_tcp = stay_silent;
	fx.states[0].rtt = 0.01;
	client_ask(0, 1, "a.proxied", DNS_A);
	fixture_until(&far->ntcp_heard, 1);
	fixture_advance(0.2);
	assert_true(client_silent(0));          /* 150 ms and six round trips */
	fixture_advance(0.02);
	assert_true(made_up(1, "a.proxied"));
	assert_int_equal(fx.states[0].ways[0].way, NAME_SILENT);
	assert_true(ask(2, "b.proxied"));       /* at once */
	assert_int_equal(far->ntcp_heard, 1);
}

TEST(proxy_whose_round_trip_is_unknown_gets_a_second)
{
	far->on_tcp = stay_silent;
	client_ask(0, 1, "a.proxied", DNS_A);
	fixture_until(&far->ntcp_heard, 1);
	fixture_advance(0.9);
	assert_true(client_silent(0));
	fixture_advance(0.2);
	assert_true(made_up(1, "a.proxied"));
}

TEST(late_answer_proves_the_way)
{
	struct dns_build b;

	far->on_tcp = stay_silent;
	fx.states[0].rtt = 0.01;
	client_ask(0, 1, "a.proxied", DNS_A);
	fixture_until(&far->ntcp_heard, 1);
	fixture_advance(0.5);
	assert_true(made_up(1, "a.proxied"));
	answer_build(&b, &far->tcp_heard[0], 9);
	answer_tcp(far, &b);
	while (fx.states[0].ways[0].way != NAME_LOOKED_UP)
		ev_run(fx.loop, EVRUN_ONCE);
	far->on_tcp = answer_one_tcp;
	assert_false(ask(2, "b.proxied"));
}

TEST(failed_way_is_tried_again_now_and_then_behind_the_clients_back)
{
	fx.dial = addr_none;
	assert_true(ask(1, "a.proxied"));
	fx.dial = far->addr;
	fixture_advance(PROXY_WAY_RETRY_S + 1);
	assert_true(ask(2, "b.proxied"));       /* does not wait for the outcome */
	while (fx.states[0].ways[0].way != NAME_LOOKED_UP)
		ev_run(fx.loop, EVRUN_ONCE);
	assert_false(ask(3, "c.proxied"));
}

TEST(resolver_on_this_side_only_is_not_asked_there)
{
	assert_int_equal(addr_parse("192.168.1.1", 53, &fx.policy->resolvers[0]), 0);
	assert_true(ask(1, "a.proxied"));
	assert_int_equal(addr_parse("fe80::1", 53, &fx.policy->resolvers[0]), 0);
	assert_true(ask(2, "b.proxied"));
	assert_int_equal(addr_parse("127.0.0.53", 53, &fx.policy->resolvers[0]), 0);
	assert_true(ask(3, "c.proxied"));
	assert_int_equal(fx.opens, 0);
	fx.may_fake = false;                    /* a query for another type, say */
	client_ask(0, 4, "d.proxied", DNS_A);
	client_expect(0, 4, "d.proxied", DNS_A);
	assert_int_equal(fx.answer.rcode, DNS_SERVFAIL);
	assert_int_equal(fx.opens, 0);
}

TEST(resolver_of_the_proxy_itself_is_asked_wherever_it_is)
{
	assert_int_equal(addr_parse("10.0.0.53", 53, &fx.proxies[0].dns_server), 0);
	assert_false(ask(1, "a.proxied"));
	assert_true(addr_equal(&fx.target, &fx.proxies[0].dns_server));
}

TEST(several_proxies_or_one_made_for_names_ask_nobody)
{
	fx.kind.by_name = true;
	assert_true(ask(1, "a.proxied"));
	fx.kind.by_name = false;
	fx.nproxies = 2;
	assert_true(ask(2, "b.proxied"));
	assert_int_equal(fx.opens, 0);
}

static void
answer_refused(struct resolver *r, const struct heard *h)
{
	struct dns_build b = h->msg;

	b.bytes[2] = 0x81;
	b.bytes[3] = 0x85;
	answer_tcp(r, &b);
}

TEST(resolver_that_refuses_strangers_is_no_way_but_one_refusal_among_answers_is)
{
	far->on_tcp = answer_refused;
	assert_true(ask(1, "a.proxied"));
	assert_int_equal(fx.states[0].ways[0].way, NAME_DENIED);
	far->on_tcp = answer_one_tcp;
	fixture_advance(PROXY_WAY_RETRY_S + 1);
	assert_true(ask(2, "b.proxied"));
	while (fx.states[0].ways[0].way != NAME_LOOKED_UP)
		ev_run(fx.loop, EVRUN_ONCE);
	far->on_tcp = answer_refused;
	client_ask(0, 3, "c.proxied", DNS_A);
	client_expect(0, 3, "c.proxied", DNS_A);
	assert_int_equal(fx.answer.rcode, DNS_REFUSED);
	assert_int_equal(fx.states[0].ways[0].way, NAME_LOOKED_UP);
}

TEST(slow_names_get_made_up_addresses_and_the_third_in_a_row_gives_the_way_up)
{
	char name[] = "a.proxied";

	fx.states[0].rtt = 0.01;
	assert_false(ask(1, "x.proxied"));
	far->on_tcp = stay_silent;
	for (unsigned i = 0; i < PROXY_WAY_SILENT; i++, name[0]++) {
		assert_int_equal(fx.states[0].ways[0].way, NAME_LOOKED_UP);
		client_ask(0, 2 + i, name, DNS_A);
		fixture_until(&far->ntcp_heard, 2 + i);
		fixture_advance(1.3);
		assert_true(made_up(2 + i, name));
	}
	assert_int_equal(fx.states[0].ways[0].way, NAME_SILENT);
}

TEST(what_is_known_of_a_resolver_says_nothing_of_another)
{
	const union addr other = fx.policy->resolvers[1];
	bool retry;

	assert_int_equal(proxy_way_note(&fx.states[0], &public, NAME_SILENT, 10), NAME_SILENT);
	assert_int_equal(proxy_way_look(&fx.states[0], &other, 10, &retry), NAME_UNTRIED);
	assert_int_equal(proxy_way_look(&fx.states[0], &public, 10, &retry), NAME_SILENT);
	assert_false(retry);
	assert_int_equal(proxy_way_look(&fx.states[0], &public, 10 + PROXY_WAY_RETRY_S, &retry), NAME_SILENT);
	assert_true(retry);
	assert_int_equal(proxy_way_look(&fx.states[0], &public, 11 + PROXY_WAY_RETRY_S, &retry), NAME_SILENT);
	assert_false(retry);                    /* once */
}

RUN_TESTS(setup, fixture_teardown)
