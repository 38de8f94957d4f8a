/*
 * What the worker asks of the helper, over a socket that only remembers.
 */
#include "config.h"

#include <ev.h>

#include "conf/rule.h"
#include "worker/name/learned.h"
#include "worker/upstream/policy.h"
#include "../test.h"
#include "../quiet_log.h"

static struct {
	struct learned *t;
	struct conf     conf;
	struct policy   policy;
	struct worker_env env;
	struct ipc_msg  sent[64];
	ipc_answer     *answer[64];
	void           *arg[64];
	unsigned        nsent, timeout_ms;
	bool            refuses;
	unsigned        done[3];
} fx;

enum action
rule_strictest(const struct conf *conf, const char *host)
{
	assert_ptr_equal(conf, &fx.conf);
	return strstr(host, "kion") != NULL;
}

uint32_t
ipc_request(struct ipc *ipc, struct ipc_msg *msg, unsigned timeout_ms, ipc_answer *answer, void *arg)
{
	if (fx.refuses)
		return 0;
	assert_int_equal(msg->type, IPC_LEARNED);
	fx.timeout_ms = timeout_ms;
	fx.sent[fx.nsent] = *msg;
	fx.answer[fx.nsent] = answer;
	fx.arg[fx.nsent] = arg;
	return ++fx.nsent;
}

static void
answer(unsigned i, int error)
{
	fx.answer[i](fx.arg[i], error, error == ETIMEDOUT ? NULL : &fx.sent[i], -1);
}

static void
done_cb(void *arg)
{
	(*(unsigned *)arg)++;
}

static void
set_conf(enum conf_mode mode, struct names *names)
{
	fx.conf.intercept.mode = mode;
	fx.env.names = names;
	learned_policy_changed(fx.t);
}

static int
setup(void **state)
{
	struct names *names = names_new(1);

	memset(&fx, 0, sizeof(fx));
	memset(&quiet_log, 0, sizeof(quiet_log));
	fx.policy.conf = &fx.conf;
	fx.env = (struct worker_env){ .loop = ev_default_loop(0), .policy = &fx.policy };
	fx.t = learned_new(&fx.env);
	set_conf(MODE_MATCHED, names);
	names_free(names);
	return 0;
}

static int
teardown(void **state)
{
	learned_free(fx.t);
	return 0;
}

static void
turn(void)
{
	ev_run(EV_DEFAULT, EVRUN_NOWAIT);
}

static union addr
address(const char *text)
{
	union addr addr;

	assert_int_equal(addr_parse(text, 0, &addr), 0);
	return addr;
}

static int
want(const char *text, unsigned who)
{
	const union addr addr = address(text);

	return learned_want(fx.t, &addr, done_cb, &fx.done[who]);
}

TEST(a_round_is_one_message_and_all_are_told)
{
	assert_int_equal(want("192.0.2.1", 0), EINPROGRESS);
	assert_int_equal(want("2001:db8::1", 1), EINPROGRESS);
	assert_int_equal(want("192.0.2.1", 2), EINPROGRESS);
	assert_int_equal(fx.nsent, 0);
	turn();
	assert_int_equal(fx.nsent, 1);
	assert_int_equal(fx.timeout_ms, 3000);
	assert_int_equal(fx.sent[0].learned.count, 3);
	assert_int_equal(fx.done[0] + fx.done[1] + fx.done[2], 0);
	answer(0, 0);
	assert_int_equal(fx.done[0] + fx.done[1] + fx.done[2], 3);
}

TEST(more_than_fit_into_a_message_are_answered_each_in_its_turn)
{
	union addr addr = address("192.0.2.0");

	for (unsigned i = 0; i < 20; i++) {
		addr.in.sin_addr.s_addr += htonl(1);
		assert_int_equal(learned_want(fx.t, &addr, done_cb, &fx.done[i / IPC_ADDRS]), EINPROGRESS);
	}
	turn();
	assert_int_equal(fx.nsent, 3);
	answer(0, 0);
	assert_int_equal(fx.done[0], IPC_ADDRS);
	assert_int_equal(fx.done[1], 0);
	answer(1, 0);
	assert_int_equal(fx.done[1], IPC_ADDRS);
	answer(2, 0);
	assert_int_equal(fx.done[2], 4);
}

TEST(who_waits_goes_on_when_no_answer_comes)
{
	want("192.0.2.1", 0);
	turn();
	answer(0, ETIMEDOUT);
	assert_int_equal(fx.done[0], 1);
	want("192.0.2.1", 0); /* the firewall may not have it */
	turn();
	answer(1, ENOSPC);
	assert_int_equal(fx.done[0], 2);
	assert_int_equal(quiet_log.warnings, 1);
	fx.refuses = true;
	assert_int_equal(want("192.0.2.1", 0), EINPROGRESS);
	turn();
	assert_int_equal(fx.done[0], 3);
}

TEST(who_has_left_is_not_told)
{
	want("192.0.2.1", 0);
	turn();
	want("192.0.2.2", 0);
	want("192.0.2.3", 1);
	learned_cancel(fx.t, &fx.done[0]);
	turn();
	answer(0, 0);
	answer(1, 0);
	assert_int_equal(fx.done[0], 0);
	assert_int_equal(fx.done[1], 1);
}

TEST(mode_all_asks_nothing)
{
	struct names *names = names_new(1);

	set_conf(MODE_ALL, names);
	assert_int_equal(want("192.0.2.1", 0), 0);
	turn();
	assert_int_equal(fx.nsent, 0);
	names_free(names);
}

TEST(known_names_are_asked_for_again_after_a_reload)
{
	const union addr one = address("192.0.2.1"), two = address("192.0.2.2");
	struct names *names = names_new(10);

	names_learn(names, &one, "a.kion.cloud", ACTION_DIRECT); /* by the rules before */
	names_learn(names, &two, "example.com", ACTION_PROXY);
	set_conf(MODE_MATCHED, names);
	assert_int_equal(fx.nsent, 1); /* before the rules are loaded */
	assert_int_equal(fx.sent[0].learned.count, 1);
	assert_true(addr_same_ip(&fx.sent[0].learned.addrs[0], &one));
	names_free(names);
}

RUN_TESTS(setup, teardown)
