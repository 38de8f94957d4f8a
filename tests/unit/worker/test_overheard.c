/*
 * What the worker makes of messages, good and bad, that come over the monitor's socket.
 */
#include "config.h"

#include <sys/socket.h>

#include "../test.h"
#include "../clock.h"
#include "../quiet_log.h"
#include "process/capture_msg.h"
#include "worker/bypass/overheard.h"

static struct {
	struct policy    *policy;
	struct worker_env env;
	struct account   *account;
	struct names     *names;
	struct overheard *o;
	int               fd;
	unsigned          wanted;
} fx;

int
learned_want(struct learned *t, const union addr *addr, void (*done)(void *), void *arg)
{
	fx.wanted++;
	return 0;
}

static union addr
address(const char *text, uint16_t port)
{
	union addr a;

	assert_int_equal(addr_parse(text, port, &a), 0);
	return a;
}

static void
configure(const char *members)
{
	struct conf_report report = { .error = "" };
	struct conf *conf;
	char text[1024];

	snprintf(text, sizeof(text), "{ \"proxies\": [ { \"id\": 1, \"host\": \"192.0.2.9\", \"port\": 1080, \"proxy_type\": "
	    "\"Socks5\", \"enabled\": true } ], \"rules\": [ { \"id\": 7, \"pattern\": \"*.kion.cloud;203.0.113.*\", "
	    "\"proxy_id\": 1 } ] %s }", members);
	conf = conf_parse("test", text, strlen(text), &report);
	assert_string_equal(report.error, "");
	policy_unref(fx.policy);
	fx.policy = policy_new(conf, 1);
	assert_non_null(fx.policy);
	fx.env.policy = fx.policy;
}

static int
setup(void **state)
{
	struct ev_loop *loop = ev_default_loop(0);
	int pair[2];

	memset(&fx, 0, sizeof(fx));
	memset(&quiet_log, 0, sizeof(quiet_log));
	assert_int_equal(socketpair(AF_UNIX, SOCK_DGRAM, 0, pair), 0);
	configure("");
	fx.account = account_new(ev_now(loop));
	fx.names = names_new(100);
	fx.env = (struct worker_env){ .loop = loop, .account = fx.account, .names = fx.names, .policy = fx.policy };
	fx.o = overheard_new(&fx.env);
	assert_non_null(fx.o);
	overheard_listen(fx.o, pair[0]);
	fx.fd = pair[1];
	return 0;
}

static int
teardown(void **state)
{
	overheard_free(fx.o);
	names_free(fx.names);
	account_free(fx.account);
	policy_unref(fx.policy);
	close(fx.fd);
	return 0;
}

static void
say(const struct capture_msg *msg)
{
	assert_int_equal(send(fx.fd, msg, sizeof(*msg), 0), sizeof(*msg));
	ev_run(EV_DEFAULT, EVRUN_NOWAIT);
}

static void
say_name(const char *name, const char *addr, uint32_t ttl)
{
	struct capture_msg msg = { .kind = CAPTURE_NAME, .ttl = ttl, .source = address("10.0.0.2", 4000),
		.dst = address(addr, 0) };

	strcpy(msg.name, name);
	say(&msg);
}

static void
say_flow_from(bool own, uint16_t port, const char *dst, uint16_t dst_port)
{
	say(&(struct capture_msg){ .kind = CAPTURE_FLOW, .proto = IPPROTO_TCP, .own = own, .source = address("10.0.0.2", port),
	    .dst = address(dst, dst_port) });
}

static void
say_flow(uint16_t port, const char *dst, uint16_t dst_port)
{
	say_flow_from(true, port, dst, dst_port);
}

static const char *
name_of(const char *addr)
{
	const union addr dst = address(addr, 1);
	const struct name *name = names_of_addr(fx.names, &dst);

	return name != NULL ? name_text(name) : NULL;
}

TEST(a_name_is_learned_and_not_forgotten_by_time)
{
	configure(", \"intercept\": { \"mode\": \"all\" }");
	say_name("a.kion.cloud", "198.51.100.1", 1);
	clock_advance(EV_DEFAULT, 1e7);
	assert_string_equal(name_of("198.51.100.1"), "a.kion.cloud");
	assert_int_equal(account_counter(fx.account, COUNT_OVERHEARD_NAMES), 1);
	assert_int_equal(fx.wanted, 0);
}

TEST(in_mode_matched_the_firewall_gets_what_rules_may_catch)
{
	configure(", \"intercept\": { \"mode\": \"matched\" }");
	say_name("a.kion.cloud", "198.51.100.1", 60);
	say_name("a.example", "198.51.100.2", 60);
	assert_int_equal(fx.wanted, 1);
}

TEST(bad_messages_change_nothing)
{
	struct capture_msg msg = { .kind = CAPTURE_NAME, .ttl = 60, .source = address("10.0.0.2", 1),
		.dst = address("198.51.100.1", 0) };

	memset(msg.name, 'a', sizeof(msg.name)); /* without end */
	say(&msg);
	say_name("", "198.51.100.1", 60);
	say_name("a b", "198.51.100.1", 60);
	say_name("a..b", "198.51.100.1", 60);
	strcpy(msg.name, "good.example");
	msg.dst = addr_none;
	say(&msg);
	msg.dst = address("198.51.100.1", 0);
	msg.source.sa.sa_family = AF_UNIX;
	say(&msg);
	msg.kind = CAPTURE_FLOW;
	say(&msg);
	msg.source = address("10.0.0.2", 1);
	msg.proto = IPPROTO_ICMP;
	say(&msg);
	msg.kind = 99;
	say(&msg);
	assert_int_equal(send(fx.fd, &msg, 7, 0), 7);
	clock_advance(EV_DEFAULT, 5);
	assert_int_equal(names_count(fx.names), 0);
	assert_null(overheard_next(fx.o, 0));
}

/* Only one is listed. */
static void
expect_one(bool missed, const char *dst)
{
	const struct bypass *b = overheard_next(fx.o, 0);
	char text[ADDR_TEXT_MAX];

	assert_non_null(b);
	assert_int_equal(b->missed, missed);
	assert_string_equal(addr_format(&b->dst, text), dst);
	assert_null(overheard_next(fx.o, b->id));
}

TEST(a_flow_that_a_rule_wants_is_missed_and_logged_once)
{
	const struct bypass *b;

	say_name("a.kion.cloud", "198.51.100.1", 60);
	say_flow(5000, "198.51.100.1", 443);
	say_flow(5000, "198.51.100.1", 443); /* the same again */
	clock_advance(EV_DEFAULT, 1);
	assert_null(overheard_next(fx.o, 0));
	clock_advance(EV_DEFAULT, 2);
	expect_one(true, "198.51.100.1:443");
	b = overheard_next(fx.o, 0);
	assert_string_equal(b->host, "a.kion.cloud");
	assert_int_equal(b->rule, 7);
	assert_int_equal(b->action, ACTION_PROXY);
	assert_int_equal(b->flows, 1);
	say_flow(5001, "198.51.100.1", 443);
	clock_advance(EV_DEFAULT, 3);
	assert_int_equal(b->flows, 2);
	assert_int_equal(account_counter(fx.account, COUNT_BYPASS_MISSED), 2);
	assert_int_equal(quiet_log.warnings, 1);
}

TEST(a_flow_that_goes_on_being_made_is_judged_all_the_same)
{
	for (uint16_t port = 5000; port < 5004; port++) {
		say_flow(port, "203.0.113.1", 443);
		clock_advance(EV_DEFAULT, 1);
	}
	assert_true(account_counter(fx.account, COUNT_BYPASS_MISSED) > 0);
}

TEST(ours_are_forgotten)
{
	struct flow_record r = { .proto = "tcp", .via = VIA_IP, .dst = address("203.0.113.1", 443), .began = ev_now(EV_DEFAULT) };

	say_flow(5000, "203.0.113.1", 443);
	say_flow(5001, "192.0.2.9", 1080); /* to the proxy */
	account_decided(fx.account, &r);
	clock_advance(EV_DEFAULT, 3);
	assert_null(overheard_next(fx.o, 0));
	say_flow(5002, "203.0.113.1", 443); /* retransmitted by us, perhaps */
	clock_advance(EV_DEFAULT, 3);
	assert_null(overheard_next(fx.o, 0));
	clock_advance(EV_DEFAULT, 30);
	say_flow(5003, "203.0.113.1", 443);
	clock_advance(EV_DEFAULT, 3);
	expect_one(true, "203.0.113.1:443");
}

TEST(what_is_not_to_be_intercepted_is_not_missed)
{
	static const char *const confs[] = { "", ", \"global_enabled\": false", ", \"intercept\": { \"tcp_ports\": \"80\" }",
		", \"intercept\": { \"exclude\": [ \"203.0.113.0/24\" ] }" };

	for (size_t i = 0; i < sizeof(confs) / sizeof(confs[0]); i++) {
		configure(confs[i]);
		say_flow((uint16_t)(5000 + i), "203.0.113.1", 443);
		clock_advance(EV_DEFAULT, 3);
		expect_one(i == 0, "203.0.113.1:443");
	}
	configure("");
	say_flow_from(false, 6000, "203.0.113.1", 443); /* forwarded, and we do not */
	clock_advance(EV_DEFAULT, 3);
	expect_one(false, "203.0.113.1:443");
	fx.env.paused = true;
	say_flow(6001, "203.0.113.1", 443);
	clock_advance(EV_DEFAULT, 3);
	expect_one(false, "203.0.113.1:443");
	fx.env.paused = false;
	configure(", \"intercept\": { \"interfaces\": [ \"lan0\" ] }");
	say_flow_from(false, 6002, "203.0.113.1", 443);
	clock_advance(EV_DEFAULT, 3);
	expect_one(true, "203.0.113.1:443");
}

TEST(the_table_is_bounded)
{
	const struct bypass *b;
	size_t n = 0;

	for (uint16_t port = 1; port <= OVERHEARD_MAX + 100; port++)
		say_flow(5000, "198.51.100.1", port);
	clock_advance(EV_DEFAULT, 3);
	assert_int_equal(addr_port(&overheard_next(fx.o, 0)->dst), 101);
	for (uint64_t id = 0; (b = overheard_next(fx.o, id)) != NULL; id = b->id)
		n++;
	assert_int_equal(n, OVERHEARD_MAX);
	assert_int_equal(quiet_log.warnings, 0);
}

TEST(losses_are_counted)
{
	say(&(struct capture_msg){ .kind = CAPTURE_DROPS, .kernel = 3, .socket = 4 });
	say(&(struct capture_msg){ .kind = CAPTURE_DROPS, .kernel = 1 });
	assert_int_equal(account_counter(fx.account, COUNT_LOST_KERNEL), 4);
	assert_int_equal(account_counter(fx.account, COUNT_LOST_DAEMON), 4);
}

RUN_TESTS(setup, teardown)
