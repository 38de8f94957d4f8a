/* UDP sessions: what is dropped, refused, sent direct, and how sessions end. */
#include "config.h"

#include "session_fixture.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

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

static void
direct_datagrams_pass_both_ways(void **state)
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

static void
unknown_destination_is_never_answered(void **state)
{
	fx.lookup_error = ENOENT;
	client_send(0, "x");
	assert_int_equal(account_counter(fx.account, COUNT_DROP_LOOKUP), 1);
	assert_int_equal(fx.replies + fx.refusals + fx.records, 0);
}

static void
our_own_listener_is_never_answered(void **state)
{
	fx.dst = fx.listen[0];
	firewall_add_listener(&fx.firewall, &fx.listen[0]);
	client_send(0, "x");
	assert_int_equal(account_counter(fx.account, COUNT_DROP_LOOP), 1);
	assert_int_equal(fx.replies + fx.refusals + fx.records, 0);
}

static void
datagrams_wait_for_the_lookup_within_bounds(void **state)
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

static void
failed_and_cancelled_lookups_leave_nothing(void **state)
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

static void
blocked_session_is_recorded_once_and_refused_each_time(void **state)
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

static void
refusal_of_the_server_reaches_the_client(void **state)
{
	fx.dst = fx.closed;
	client_send(0, "x");
	run_until(&fx.refusals, 1);
	expect_record(1, CLOSE_CONNECT_REFUSED);
	assert_int_equal(HASH_COUNT(fx.sessions->table), 0);
}

static void
idle_session_ends(void **state)
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

static void
limits_hold_for_all_and_for_each_client(void **state)
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

static void
blocked_session_is_recorded_again_after_its_time(void **state)
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

static void
refusals_are_limited_in_rate(void **state)
{
	fx.action = ACTION_BLOCK;
	for (int i = 0; i < 2 * REFUSE_PER_SECOND; i++)
		client_send(0, "x");
	assert_in_range(fx.refusals, REFUSE_PER_SECOND, REFUSE_PER_SECOND * 3 / 2);
}

/* With pf a listener's own address stands for one destination at a time. */
static void
pair_is_looked_up_again_and_may_have_another_destination(void **state)
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

static void
destination_that_the_firewall_forgot_holds_once_more(void **state)
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

static void
datagrams_wait_for_the_decision_and_are_sent_in_order(void **state)
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

static void
session_waits_for_its_owner(void **state)
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

static void
datagrams_that_wait_are_bounded(void **state)
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

static void
what_waited_for_a_refusal_is_forgotten(void **state)
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

static void
server_may_refuse_the_first_of_what_waited(void **state)
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

static void
end_of_the_daemon_ends_those_that_wait(void **state)
{
	fx.asks_owner = true;
	client_send(0, "one");
	sessions_unlisten(fx.sessions, NULL, NULL);
	expect_record(1, CLOSE_SHUTDOWN);
	assert_int_equal(fx.sessions->held_bytes, 0);
	assert_int_equal(fx.owner_cancels, 1);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, session_set_up, session_tear_down)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(direct_datagrams_pass_both_ways),
		TEST(unknown_destination_is_never_answered),
		TEST(our_own_listener_is_never_answered),
		TEST(datagrams_wait_for_the_lookup_within_bounds),
		TEST(failed_and_cancelled_lookups_leave_nothing),
		TEST(blocked_session_is_recorded_once_and_refused_each_time),
		TEST(refusal_of_the_server_reaches_the_client),
		TEST(idle_session_ends),
		TEST(limits_hold_for_all_and_for_each_client),
		TEST(blocked_session_is_recorded_again_after_its_time),
		TEST(refusals_are_limited_in_rate),
		TEST(pair_is_looked_up_again_and_may_have_another_destination),
		TEST(destination_that_the_firewall_forgot_holds_once_more),
		TEST(datagrams_wait_for_the_decision_and_are_sent_in_order),
		TEST(session_waits_for_its_owner),
		TEST(datagrams_that_wait_are_bounded),
		TEST(what_waited_for_a_refusal_is_forgotten),
		TEST(server_may_refuse_the_first_of_what_waited),
		TEST(end_of_the_daemon_ends_those_that_wait),
	};

	return cmocka_run_group_tests_name("session", tests, NULL, NULL);
}
