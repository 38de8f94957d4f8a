/* UDP sessions through proxies: associations, whose answer it is, and what happens without UDP. */
#include "config.h"

#include "session_fixture.h"
#include "base/nat64.h"

#include "../test.h"
#include "../sockets.h"
#include "worker/udp/session_internal.h"

TEST(datagrams_wait_for_the_association)
{
	fx.action = ACTION_PROXY;
	client_send(0, "one");
	client_send(0, "two");
	assert_int_equal(fx.opens, 1);
	assert_int_equal(fx.nopened, 2);
	grant();
	relay_expect(NULL, &fx.dst, "one");
	relay_expect(NULL, &fx.dst, "two");
	relay_answer(NULL, &fx.dst, "reply");
	expect_reply("reply", &fx.dst);
	sessions_unlisten(fx.sessions, NULL, NULL);
	expect_record(1, CLOSE_SHUTDOWN);
	assert_ptr_equal(fx.record.proxy, &fx.proxies[1]);
	assert_int_equal(fx.record.out, 6);
	assert_int_equal(fx.record.in, 5);
}

/* Client port 0 has reached the relay, which knows fx.dst by this name. */
static void
go_through_proxy(const char *host)
{
	fx.action = ACTION_PROXY;
	client_send(0, "one");
	grant();
	relay_expect(host, &fx.dst, "one");
}

TEST(sessions_of_one_client_port_share_an_association)
{
	union addr from;

	go_through_proxy(NULL);
	from = fx.relay_peer;
	client_send_to(0, &fx.listen[1], "two");
	relay_expect(NULL, &fx.dst2, "two");
	assert_true(addr_equal(&from, &fx.relay_peer));
	relay_answer(NULL, &fx.dst2, "two");
	expect_reply("two", &fx.dst2);
	relay_answer(NULL, &fx.dst, "one");
	expect_reply("one", &fx.dst);
	assert_int_equal(fx.opens, 1);
	client_send(1, "three");
	assert_int_equal(fx.opens, 2);
	assert_int_equal(HASH_COUNT(fx.sessions->table), 3);
}

TEST(destination_reached_another_way_cannot_be_spoken_for)
{
	fx.action = ACTION_DIRECT;
	fx.dst2 = fx.server;
	client_send_to(0, &fx.listen[1], "direct");
	go_through_proxy(NULL);
	relay_answer(NULL, &fx.dst2, "forged");
	assert_int_equal(account_counter(fx.account, COUNT_DROP_STRANGER), 1);
	assert_int_equal(fx.replies, 0);
}

TEST(name_is_sent_and_its_answer_found_wherever_it_comes_from)
{
	const union addr elsewhere = address("198.51.100.99", 443), other_port = address("198.51.100.99", 444);
	fx.proxies[0].send = fx.proxies[1].send = SEND_NAME;
	names_learn(fx.names, &fx.dst, "a.example", ACTION_PROXY);
	go_through_proxy("a.example");
	relay_answer(NULL, &elsewhere, "first");
	expect_reply("first", &fx.dst);
	relay_answer(NULL, &elsewhere, "second");
	expect_reply("second", &fx.dst);
	relay_answer("A.example", &fx.dst, "third");
	expect_reply("third", &fx.dst);
	relay_answer(NULL, &other_port, "stranger");
	expect_reply("stranger", &other_port);
	relay_answer("b.example", &fx.dst, "unknown");
	assert_int_equal(account_counter(fx.account, COUNT_DROP_STRANGER), 1);
	assert_int_equal(fx.replies, 4);
}

TEST(source_of_a_name_is_remembered)
{
	const union addr first = address("198.51.100.1", 443), second = address("198.51.100.2", 443);
	fx.dst2 = address("203.0.113.8", 443);
	fx.proxies[0].send = fx.proxies[1].send = SEND_NAME;
	names_learn(fx.names, &fx.dst, "a.example", ACTION_PROXY);
	names_learn(fx.names, &fx.dst2, "b.example", ACTION_PROXY);
	go_through_proxy("a.example");
	relay_answer(NULL, &first, "a");
	expect_reply("a", &fx.dst);
	client_send_to(0, &fx.listen[1], "two");
	relay_expect("b.example", &fx.dst2, "two");
	relay_answer(NULL, &first, "a again");
	expect_reply("a again", &fx.dst);
	relay_answer(NULL, &second, "b");
	expect_reply("b", &fx.dst2);
}

TEST(strangers_are_shown_where_answers_can_have_any_source)
{
	const union addr stranger = address("198.51.100.99", 1), local = address("127.0.0.1", 1),
	    six = address("2001:db8::1", 1);
	go_through_proxy(NULL);
	relay_answer(NULL, &stranger, "hello");
	expect_reply("hello", &stranger);
	relay_answer(NULL, &local, "no");
	relay_answer(NULL, &six, "no");
	assert_int_equal(account_counter(fx.account, COUNT_DROP_STRANGER), 2);
	firewall_add_listener(&fx.firewall, &fx.listen[0]);      /* as with pf */
	relay_answer(NULL, &stranger, "no");
	assert_int_equal(account_counter(fx.account, COUNT_DROP_STRANGER), 3);
	assert_int_equal(fx.replies, 1);
}

TEST(fragments_and_nonsense_are_counted)
{
	go_through_proxy(NULL);
	sendto(fx.relay, "\0\0\1\1\313\0\161\7\1\273hi", 12, 0, &fx.relay_peer.sa, addr_len(&fx.relay_peer));
	sendto(fx.relay, "\0\0\0\1", 4, 0, &fx.relay_peer.sa, addr_len(&fx.relay_peer));
	run();
	assert_int_equal(account_counter(fx.account, COUNT_DROP_FRAGMENT), 1);
	assert_int_equal(account_counter(fx.account, COUNT_DROP_MALFORMED), 1);
	assert_int_equal(fx.replies, 0);
}

TEST(association_ends_with_its_connection)
{
	go_through_proxy(NULL);
	close(fx.control);
	fx.control = -1;
	run_until(&fx.records, 1);
	expect_record(1, CLOSE_PROXY_CLOSED);
	assert_int_equal(fx.refusals, 0);
	client_send(0, "two");
	assert_int_equal(fx.opens, 2);
	grant();
	relay_expect(NULL, &fx.dst, "two");
}

TEST(association_that_is_not_granted_refuses_the_client)
{
	fx.action = ACTION_PROXY;
	client_send(0, "one");
	assert_int_equal(fx.refusals, 0);
	deny(CLOSE_PROXY_DOWN);
	expect_record(1, CLOSE_PROXY_DOWN);
	assert_ptr_equal(fx.record.proxy, &fx.proxies[0]);
	assert_int_equal(fx.refusals, 1);
	client_send(0, "two");
	assert_int_equal(fx.refusals, 2);
	assert_int_equal(fx.opens, 1);
}

TEST(unused_association_is_given_up)
{
	fx.action = ACTION_PROXY;
	client_send(0, "one");
	sessions_unlisten(fx.sessions, NULL, NULL);
	assert_int_equal(fx.cancels, 1);
	expect_record(1, CLOSE_SHUTDOWN);
}

static void
proxies_without_udp(bool retry)
{
	for (size_t i = 0; i < 2; i++) {
		fx.policy->proxies[i].udp_known = true;
		fx.policy->proxies[i].udp_retry_at = retry ? 0 : 1e12;
	}
}

TEST(proxy_without_udp_is_not_asked_until_its_time)
{
	fx.action = ACTION_PROXY;
	proxies_without_udp(false);
	client_send(0, "one");
	expect_record(1, CLOSE_SOCKS_COMMAND);
	assert_int_equal(fx.refusals, 1);
	assert_int_equal(fx.opens, 0);
	fx.policy->proxies[1].udp = true;
	client_send(1, "one");
	assert_int_equal(fx.nopened, 1);
	deny(CLOSE_PROXY_DOWN);
	proxies_without_udp(true);
	sessions_policy_changed(fx.sessions);
	client_send(0, "one");
	assert_int_equal(fx.nopened, 2);
}

TEST(quic_follows_its_policy)
{
	fx.action = ACTION_PROXY;
	proxies_without_udp(false);
	fx.conf.intercept.quic = QUIC_PROXY;
	client_send(0, "x");
	assert_int_equal(fx.opens, 1);
	fx.conf.intercept.quic = QUIC_BLOCK;
	client_send(1, "x");
	expect_record(1, CLOSE_BLOCKED);
	sessions_policy_changed(fx.sessions);
	fx.conf.intercept.quic = QUIC_DIRECT;
	client_send(1, "x");
	sessions_unlisten(fx.sessions, NULL, NULL);
	assert_int_equal(fx.records, 3);
	assert_int_equal(fx.opens, 1);
}

static void
give(const char *host)
{
	struct network range;

	assert_int_equal(network_parse("198.18.0.0/30", &range), 0);
	assert_int_equal(fake_ip_set_ranges(fx.fake_ip, &range, 1, 1), 0);
	assert_int_equal(fake_ip_assign(fx.fake_ip, host, AF_INET, 1, &fx.dst), 0);
	addr_set_port(&fx.dst, 443);
}

TEST(made_up_address_is_sent_as_its_name_in_an_association_of_its_own)
{
	const union addr elsewhere = address("198.51.100.99", 7);
	fx.action = ACTION_PROXY;
	client_send_to(0, &fx.listen[1], "other");
	grant();
	relay_expect(NULL, &fx.dst2, "other");
	give("a.example");
	client_send(0, "one");
	assert_int_equal(fx.opens, 2);
	grant();
	relay_expect("a.example", &fx.dst, "one");
	relay_answer(NULL, &elsewhere, "first");
	expect_reply("first", &fx.dst);
	relay_answer("somewhere.example", &fx.dst2, "second");
	expect_reply("second", &fx.dst);
	relay_answer(NULL, &fx.dst2, "third");
	expect_reply("third", &fx.dst);
	assert_int_equal(account_counter(fx.account, COUNT_DROP_STRANGER), 0);
	sessions_unlisten(fx.sessions, NULL, NULL);
	assert_int_equal(fx.records, 2);
}

TEST(made_up_address_of_no_name_is_refused)
{
	fx.action = ACTION_PROXY;
	give("a.example");
	fx.dst = address("198.18.0.2", 443);
	client_send(0, "one");
	expect_record(1, CLOSE_STALE_ADDRESS);
	assert_int_equal(fx.refusals, 1);
	assert_int_equal(fx.opens, 0);
}

TEST(made_up_address_never_goes_direct)
{
	give("a.example");
	client_send(0, "one");
	expect_record(1, CLOSE_STALE_ADDRESS);
	assert_int_equal(fx.refusals, 1);
	fx.action = ACTION_PROXY;
	fx.conf.intercept.quic = QUIC_DIRECT;
	client_send(1, "one");
	expect_record(2, CLOSE_BLOCKED);
	assert_int_equal(fx.opens, 0);
}

TEST(session_to_a_made_up_address_keeps_it_until_the_ranges_change)
{
	struct network range;
	union addr other;

	fx.action = ACTION_PROXY;
	give("a.example");
	client_send(0, "one");
	assert_int_equal(fake_ip_assign(fx.fake_ip, "b.example", AF_INET, 1e12, &other), 0);
	assert_int_equal(fake_ip_assign(fx.fake_ip, "c.example", AF_INET, 1e12, &other), ENOSPC);
	sessions_policy_changed(fx.sessions);
	assert_int_equal(fx.records, 0);
	assert_int_equal(network_parse("198.18.0.0/24", &range), 0);
	assert_int_equal(fake_ip_set_ranges(fx.fake_ip, &range, 1, 1), 0);
	sessions_policy_changed(fx.sessions);
	expect_record(1, CLOSE_DONE);
	assert_int_equal(HASH_COUNT(fx.sessions->table), 0);
}

TEST(address_of_nat64_goes_as_ipv4_and_its_answers_come_back)
{
	const union addr v4 = address("203.0.113.7", 9000);

	fx.conf.dns.nat64 = (struct network *)(uintptr_t)&nat64_well_known;
	fx.conf.dns.nnat64 = 1;
	fx.action = ACTION_PROXY;
	fx.dst = address("64:ff9b::cb00:7107", 9000);
	client_send(0, "one");
	grant();
	relay_expect(NULL, &v4, "one");
	relay_answer(NULL, &v4, "two");
	expect_reply("two", &fx.dst);
}

RUN_TESTS(session_set_up, session_tear_down)
