/* UDP sessions: what is dropped, refused, sent direct, and how sessions end. */
#include "config.h"

#include "session_fixture.h"

#include "../test.h"
#include "../sockets.h"
#include "kernel/refuse.h"
#include "worker/udp/session_internal.h"
#include "worker/udp/udp_listener.h"

/* The helper tells the owner that was asked for last. */
static void
owner_is(uid_t uid)
{
	fx.owner_cb(fx.owner_arg, 0, &(struct ipc_msg){ .owner = { .uid = uid } }, -1);
}

TEST(direct_datagrams_pass_both_ways)
{
	union addr from;
	socklen_t len = sizeof(from);
	char data[10] = "";

	fx.dst = fx.server;
	client_send(0, "ask");
	await_fd(fx.server_fd, POLLIN);
	assert_int_equal(recvfrom(fx.server_fd, data, sizeof(data), 0, &from.sa, &len), 3);
	assert_string_equal(data, "ask");
	assert_int_equal(sendto(fx.server_fd, "reply", 5, 0, &from.sa, len), 5);
	run_until(&fx.replies, 1);
	expect_reply("reply", &fx.server);
	sessions_unlisten(fx.sessions, NULL, NULL);
	expect_record(1, CLOSE_SHUTDOWN);
	assert_int_equal(fx.record.out, 3);
	assert_int_equal(fx.record.in, 5);
}

TEST(unknown_destination_is_never_answered)
{
	fx.lookup_error = ENOENT;
	client_send(0, "x");
	assert_int_equal(account_counter(fx.account, COUNT_DROP_LOOKUP), 1);
	assert_int_equal(fx.replies + fx.refusals + fx.records, 0);
}

TEST(our_own_listener_is_never_answered)
{
	fx.dst = fx.listen[0];
	firewall_add_listener(&fx.firewall, &fx.listen[0]);
	client_send(0, "x");
	assert_int_equal(account_counter(fx.account, COUNT_DROP_LOOP), 1);
	assert_int_equal(fx.replies + fx.refusals + fx.records, 0);
}

TEST(datagrams_wait_for_the_lookup_within_bounds)
{
	char data[10];

	fx.lookup_error = EINPROGRESS;
	for (int i = 0; i < UDP_LOOKUP_QUEUE + 2; i++)
		client_send(0, "x");
	assert_int_equal(fx.lookups, 1);
	assert_int_equal(account_counter(fx.account, COUNT_DROP_LIMIT), 2);
	fx.lookup_cb(fx.lookup_arg, 0, &fx.server);
	for (int i = 0; i < UDP_LOOKUP_QUEUE; i++) {
		await_fd(fx.server_fd, POLLIN);
		assert_int_equal(recv(fx.server_fd, data, sizeof(data), 0), 1);
	}
	client_send(0, "x");
	assert_int_equal(fx.lookups, 1);
}

TEST(failed_and_cancelled_lookups_leave_nothing)
{
	fx.lookup_error = EINPROGRESS;
	client_send(0, "x");
	fx.lookup_cb(fx.lookup_arg, ETIMEDOUT, &addr_none);
	assert_int_equal(account_counter(fx.account, COUNT_DROP_LOOKUP), 1);
	client_send(0, "x");
	assert_int_equal(fx.lookups, 2);
	sessions_unlisten(fx.sessions, NULL, NULL);
	assert_int_equal(fx.lookups_cancelled, 1);
	assert_int_equal(fx.records, 0);
}

TEST(blocked_session_is_recorded_once_and_refused_each_time)
{
	fx.action = ACTION_BLOCK;
	client_send(0, "x");
	client_send(0, "x");
	expect_record(1, CLOSE_BLOCKED);
	assert_int_equal(fx.refusals, 2);
	assert_true(addr_equal(&fx.refused_dst, &fx.dst));
	assert_int_equal(HASH_COUNT(fx.sessions->table), 1);
	sessions_policy_changed(fx.sessions);
	assert_int_equal(HASH_COUNT(fx.sessions->table), 0);
	expect_record(1, CLOSE_BLOCKED);
}

TEST(refusal_of_the_server_reaches_the_client)
{
	fx.dst = fx.closed;
	client_send(0, "x");
	run_until(&fx.refusals, 1);
	expect_record(1, CLOSE_CONNECT_REFUSED);
	assert_int_equal(HASH_COUNT(fx.sessions->table), 0);
}

TEST(idle_session_ends)
{
	fx.dst = fx.server;
	client_send(0, "x");
	advance(59);
	client_send(0, "x");
	advance(59);
	assert_int_equal(fx.records, 0);
	advance(2);
	expect_record(1, CLOSE_IDLE);
	assert_int_equal(HASH_COUNT(fx.sessions->table), 0);
	assert_int_equal(fx.policy->refs, 1);
}

TEST(limits_hold_for_all_and_for_each_client)
{
	fx.dst = fx.server;
	client_send(0, "x");
	fx.conf.limits.per_client = 1;
	client_send(1, "x");
	fx.conf.limits.per_client = 10;
	fx.conf.limits.udp_sessions = 1;
	client_send(1, "x");
	assert_int_equal(HASH_COUNT(fx.sessions->table), 1);
	assert_int_equal(account_counter(fx.account, COUNT_DROP_LIMIT), 2);
	fx.conf.limits.udp_sessions = 2;
	client_send(1, "x");
	assert_int_equal(HASH_COUNT(fx.sessions->table), 2);
}

TEST(blocked_session_is_recorded_again_after_its_time)
{
	fx.action = ACTION_BLOCK;
	client_send(0, "x");
	advance(59);
	client_send(0, "x");
	assert_int_equal(fx.records, 1);
	advance(2);
	client_send(0, "x");
	assert_int_equal(fx.records, 2);
	assert_int_equal(fx.refusals, 3);
}

TEST(refusals_are_limited_in_rate)
{
	fx.action = ACTION_BLOCK;
	for (int i = 0; i < 2 * REFUSE_PER_SECOND; i++)
		client_send(0, "x");
	assert_in_range(fx.refusals, REFUSE_PER_SECOND, REFUSE_PER_SECOND * 3 / 2);
}

/* With pf a listener's own address stands for one destination at a time. */
TEST(pair_is_looked_up_again_and_may_have_another_destination)
{
	firewall_add_listener(&fx.firewall, &fx.listen[0]);
	fx.dst = fx.server;
	client_send(0, "x");
	fx.dst = fx.dst2;
	client_send(0, "x");
	assert_int_equal(fx.lookups, 1);
	assert_int_equal(HASH_COUNT(fx.sessions->table), 1);
	advance(11);
	fx.action = ACTION_BLOCK;
	client_send(0, "x");
	assert_int_equal(fx.lookups, 2);
	assert_int_equal(HASH_COUNT(fx.sessions->table), 1);
	assert_int_equal(fx.records, 2);
	assert_true(addr_equal(&fx.record.dst, &fx.dst2));
}

TEST(destination_that_the_firewall_forgot_holds_once_more)
{
	fx.dst = fx.server;
	client_send(0, "x");
	advance(11);
	fx.lookup_error = ENOENT;
	client_send(0, "x");
	assert_int_equal(account_counter(fx.account, COUNT_DROP_LOOKUP), 0);
	client_send(0, "x");
	assert_int_equal(account_counter(fx.account, COUNT_DROP_LOOKUP), 1);
	assert_int_equal(fx.lookups, 3);
}

static void
expect_at_server(const char *text)
{
	char data[10] = "";

	await_fd(fx.server_fd, POLLIN);
	assert_int_equal(recv(fx.server_fd, data, sizeof(data), 0), strlen(text));
	assert_string_equal(data, text);
}

TEST(datagrams_wait_for_the_decision_and_are_sent_in_order)
{
	fx.dst = fx.server;
	fx.asks_owner = true;
	client_send(0, "one");
	client_send(0, "two");
	assert_int_equal(fx.sessions->held_bytes, 6);
	assert_int_equal(recv(fx.server_fd, NULL, 0, 0), -1);
	owner_is(0);
	expect_at_server("one");
	expect_at_server("two");
	client_send(0, "three");
	expect_at_server("three");
	assert_int_equal(fx.sessions->held_bytes, 0);
}

TEST(session_waits_for_its_owner)
{
	fx.dst = fx.server;
	fx.asks_owner = true;
	client_send(0, "one");
	advance(6);     /* longer than timeouts.hello */
	assert_int_equal(recv(fx.server_fd, NULL, 0, 0), -1);
	owner_is(1001);
	expect_at_server("one");
	assert_int_equal(fx.user, 1001);
	client_send(1, "two");
	fx.owner_cb(fx.owner_arg, ETIMEDOUT, NULL, -1);
	expect_at_server("two");
	assert_int_equal(fx.user, RULE_USER_UNKNOWN);
	assert_int_equal(fx.owner_cancels, 0);
}

TEST(datagrams_that_wait_are_bounded)
{
	void *first;

	fx.dst = fx.server;
	fx.asks_owner = true;
	for (int i = 0; i < SESSION_WAIT_COUNT + 2; i++)
		client_send(0, "x");
	assert_int_equal(account_counter(fx.account, COUNT_DROP_LIMIT), 2);
	first = fx.owner_arg;
	fx.sessions->held_bytes += SESSION_WAIT_ALL_BYTES - SESSION_WAIT_COUNT;
	client_send(1, "x");
	assert_int_equal(account_counter(fx.account, COUNT_DROP_LIMIT), 3);
	fx.sessions->held_bytes -= SESSION_WAIT_ALL_BYTES - SESSION_WAIT_COUNT;
	fx.owner_cb(first, 0, &(struct ipc_msg){ .owner = { .uid = 0 } }, -1);
	for (int i = 0; i < SESSION_WAIT_COUNT; i++)
		expect_at_server("x");
	assert_int_equal(recv(fx.server_fd, NULL, 0, 0), -1);
}

TEST(what_waited_for_a_refusal_is_forgotten)
{
	fx.action = ACTION_BLOCK;
	fx.asks_owner = true;
	client_send(0, "one");
	client_send(0, "two");
	assert_int_equal(fx.refusals + fx.records, 0);
	owner_is(0);
	expect_record(1, CLOSE_BLOCKED);
	assert_int_equal(fx.refusals, 1);
	assert_int_equal(fx.sessions->held_bytes, 0);
}

TEST(server_may_refuse_the_first_of_what_waited)
{
	fx.dst = fx.closed;
	fx.asks_owner = true;
	client_send(0, "one");
	client_send(0, "two");
	client_send(0, "three");
	owner_is(0);
	run_until(&fx.refusals, 1);
	expect_record(1, CLOSE_CONNECT_REFUSED);
	assert_int_equal(HASH_COUNT(fx.sessions->table), 0);
}

TEST(end_of_the_daemon_ends_those_that_wait)
{
	fx.asks_owner = true;
	client_send(0, "one");
	sessions_unlisten(fx.sessions, NULL, NULL);
	expect_record(1, CLOSE_SHUTDOWN);
	assert_int_equal(fx.sessions->held_bytes, 0);
	assert_int_equal(fx.owner_cancels, 1);
}

RUN_TESTS(session_set_up, session_tear_down)
