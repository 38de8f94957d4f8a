/* Which name, rule and way a flow gets, and what that is waited for. Rules, helper and clock are faked. */
#include "config.h"

#include "../test.h"
#include "../clock.h"
#include "../quiet_log.h"
#include "kernel/owner.h"
#include "wire/quic_initial.h"
#include "worker/decide/flow_decide.h"
#include "worker/name/names.h"

enum { OWNER_ID = 7, HELLO_S = 5 };

static struct {
	struct worker_env  env;
	struct conf        conf;
	struct flow        flow;
	struct flow_record record;
	struct decision    decision;
	enum action        action;              /* what every rule says */
	struct rule_query  query;               /* what the rules were asked last */
	char               asked_host[HOST_MAX + 1];
	bool               asks_owner;
	ipc_answer        *answer;
	unsigned           cancels, decided, accounted;
	enum sniff         quic;                /* what the first flight of QUIC says */
	const char        *quic_name;
} fx;

const char *const quic_engine = "fake";

void account_decided(struct account *a, const struct flow_record *r) { (void)a, (void)r; fx.accounted++; }

struct verdict
rule_match(const struct conf *conf, const struct rule_query *q)
{
	assert_ptr_equal(conf, &fx.conf);
	fx.query = *q;
	strcpy(fx.asked_host, q->host != NULL ? q->host : "-");
	return (struct verdict){ .action = fx.action };
}

uint32_t
owner_ask(struct ipc *ipc, const struct conf *conf, const struct flow *flow, const union addr *dst, ipc_answer *answer,
    void *arg)
{
	assert_ptr_equal(flow, &fx.flow);
	assert_ptr_equal(dst, &fx.record.dst);
	assert_ptr_equal(arg, &fx.decision);
	fx.answer = answer;
	return fx.asks_owner ? OWNER_ID : 0;
}

uid_t
owner_from_answer(int error, const struct ipc_msg *msg, int fd)
{
	return error == 0 ? msg->owner.uid : RULE_USER_UNKNOWN;
}

void
ipc_cancel(struct ipc *ipc, uint32_t id)
{
	assert_int_equal(id, OWNER_ID);
	fx.cancels++;
}

enum sniff
quic_initial_name(const struct quic_datagram *list, size_t n, struct sniffed *name)
{
	assert_true(n > 0);
	*name = (struct sniffed){ .via = "sni" };
	strcpy(name->text, fx.quic_name);
	return fx.quic;
}

static union addr
address(const char *text, uint16_t port)
{
	union addr addr;

	assert_int_equal(addr_parse(text, port, &addr), 0);
	return addr;
}

static void
decided_cb_noted(void *arg)
{
	assert_ptr_equal(arg, &fx);
	fx.decided++;
}

static void
flow_is(int proto, const char *dst, uint16_t port)
{
	fx.flow.proto = proto;
	fx.record = (struct flow_record){ .peer = fx.flow.peer, .dst = address(dst, port), .via = VIA_IP };
	fx.decision = (struct decision){ .env = &fx.env, .conf = &fx.conf, .flow = &fx.flow, .record = &fx.record,
		.decided = decided_cb_noted, .arg = &fx };
}

static int
set_up(void **state)
{
	memset(&fx, 0, sizeof(fx));
	memset(&quiet_log, 0, sizeof(quiet_log));
	fx.env = (struct worker_env){ .loop = ev_loop_new(0), .names = names_new(10),
		.fake_ip = fake_ip_new() };
	fx.conf.timeouts.hello = HELLO_S;
	fx.conf.log.hosts = LOG_HOSTS_FULL;
	fx.flow.peer = address("10.0.0.1", 4000);
	fx.quic = SNIFF_MORE;
	fx.quic_name = "";
	flow_is(IPPROTO_TCP, "192.0.2.1", 443);
	return 0;
}

static int
tear_down(void **state)
{
	flow_decide_end(&fx.decision);
	names_free(fx.env.names);
	fake_ip_free(fx.env.fake_ip);
	ev_loop_destroy(fx.env.loop);
	return 0;
}

static void
dns_taught(const char *client, const char *name)
{
	const union addr a = address(client, 53);

	assert_int_equal(names_learn(fx.env.names, &a, &fx.record.dst, name, ev_now(fx.env.loop) + 100), 0);
}

static int
client_says(const char *text)
{
	return flow_decide_hear_stream(&fx.decision, (const uint8_t *)text, strlen(text), false);
}

static void
owner_is(uid_t uid)
{
	fx.answer(&fx.decision, 0, &(struct ipc_msg){ .owner = { .uid = uid } }, -1);
}

static void
expect_name(const char *host, const char *via)
{
	assert_string_equal(fx.asked_host, host);
	assert_string_equal(fx.record.host != NULL ? fx.record.host : "-", host);
	assert_string_equal(fx.record.via, via);
	assert_int_equal(fx.decision.outcome.by_name, fx.record.host != NULL);
	if (fx.record.host != NULL)
		assert_string_equal(fx.decision.outcome.host, host);
}

static void
give(const char *host)
{
	struct network range;

	assert_int_equal(network_parse("198.18.0.0/30", &range), 0);
	assert_int_equal(fake_ip_set_ranges(fx.env.fake_ip, &range, 1, 1), 0);
	assert_int_equal(fake_ip_assign(fx.env.fake_ip, host, AF_INET, 1, &fx.record.dst), 0);
	addr_set_port(&fx.record.dst, 443);
}

TEST(one_name_of_dns_is_enough)
{
	dns_taught("10.0.0.1", "a.example");
	assert_int_equal(flow_decide_begin(&fx.decision), 0);
	expect_name("a.example", VIA_DNS);
	assert_int_equal(fx.accounted, 1);
	assert_int_equal(fx.decided, 0);
	assert_false(flow_decide_listens(&fx.decision));
}

TEST(client_is_heard_where_dns_knows_several_names)
{
	dns_taught("10.0.0.1", "a.example");
	dns_taught("10.0.0.2", "b.example");
	assert_int_equal(flow_decide_begin(&fx.decision), EINPROGRESS);
	assert_string_equal(fx.record.host, "a.example");       /* for the meantime */
	assert_true(flow_decide_listens(&fx.decision));
	assert_int_equal(client_says("GET / HTTP/1.1\r\nHost: B.example\r\n\r\n"), 0);
	expect_name("b.example", "http");
	assert_int_equal(quiet_log.debugs, 1);
}

TEST(client_is_heard_where_dns_knows_none)
{
	assert_int_equal(flow_decide_begin(&fx.decision), EINPROGRESS);
	assert_null(fx.record.host);
	assert_int_equal(client_says("GET / HTTP/1.1\r\nHost: c."), EINPROGRESS);
	assert_true(flow_decide_listens(&fx.decision));
	assert_int_equal(client_says("GET / HTTP/1.1\r\nHost: c.example\r\n\r\n"), 0);
	expect_name("c.example", "http");
	assert_int_equal(quiet_log.debugs + fx.decided, 0);
	assert_true(fx.query.dst == &fx.record.dst && fx.query.port == 443 && fx.query.proto == IPPROTO_TCP);
}

TEST(client_that_ends_its_side_is_not_waited_for)
{
	assert_int_equal(flow_decide_begin(&fx.decision), EINPROGRESS);
	assert_int_equal(flow_decide_hear_stream(&fx.decision, (const uint8_t *)"GET", 3, true), 0);
	expect_name("-", VIA_IP);
}

TEST(silent_client_is_waited_for_no_longer_than_for_a_hello)
{
	assert_int_equal(flow_decide_begin(&fx.decision), EINPROGRESS);
	clock_advance(fx.env.loop, HELLO_S - 1);
	assert_int_equal(fx.decided, 0);
	clock_advance(fx.env.loop, 2);
	assert_int_equal(fx.decided, 1);
	expect_name("-", VIA_IP);
	assert_int_equal(client_says("GET / HTTP/1.1\r\nHost: late.example\r\n\r\n"), EINPROGRESS);
	expect_name("-", VIA_IP);
}

TEST(silent_client_leaves_the_name_of_dns)
{
	dns_taught("10.0.0.1", "a.example");
	dns_taught("10.0.0.1", "b.example");
	assert_int_equal(flow_decide_begin(&fx.decision), EINPROGRESS);
	clock_advance(fx.env.loop, HELLO_S + 1);
	assert_int_equal(fx.decided, 1);
	expect_name("b.example", VIA_DNS);
}

static void
say_cb(struct ev_loop *loop, ev_io *w, int revents)
{
	ev_io_stop(loop, w);
	if (client_says("GET / HTTP/1.1\r\nHost: c.example\r\n\r\n") == 0)
		fx.decided += 10;
}

/* A loop that was busy for longer than timeouts.hello finds both at once. */
TEST(bytes_that_came_within_the_time_are_heard_after_it)
{
	ev_io readable;
	int fds[2];

	assert_int_equal(pipe(fds), 0);
	assert_int_equal(write(fds[1], "x", 1), 1);
	ev_io_init(&readable, say_cb, fds[0], EV_READ);
	assert_int_equal(flow_decide_begin(&fx.decision), EINPROGRESS);
	ev_io_start(fx.env.loop, &readable);
	clock_advance(fx.env.loop, HELLO_S + 1);
	assert_int_equal(fx.decided, 10);
	expect_name("c.example", "http");
	close(fds[0]);
	close(fds[1]);
}

TEST(owner_and_name_are_awaited_together)
{
	fx.asks_owner = true;
	assert_int_equal(flow_decide_begin(&fx.decision), EINPROGRESS);
	assert_true(flow_decide_listens(&fx.decision));
	assert_int_equal(client_says("GET / HTTP/1.1\r\nHost: c.example\r\n\r\n"), EINPROGRESS);
	assert_false(flow_decide_listens(&fx.decision));
	clock_advance(fx.env.loop, HELLO_S + 1);
	assert_int_equal(fx.decided + fx.accounted, 0);
	owner_is(1001);
	assert_int_equal(fx.decided, 1);
	assert_int_equal(fx.query.user, 1001);
	expect_name("c.example", "http");
}

TEST(owner_that_comes_first_leaves_the_name_to_wait_for)
{
	fx.asks_owner = true;
	assert_int_equal(flow_decide_begin(&fx.decision), EINPROGRESS);
	owner_is(1001);
	assert_int_equal(fx.decided, 0);
	assert_int_equal(client_says("SSH-2.0-x\r\n"), 0);
	assert_int_equal(fx.query.user, 1001);
	assert_int_equal(fx.decided, 0);
}

TEST(owner_is_awaited_after_the_time_for_a_hello)
{
	fx.asks_owner = true;
	flow_is(IPPROTO_UDP, "192.0.2.1", 443);
	assert_int_equal(flow_decide_begin(&fx.decision), EINPROGRESS);
	clock_advance(fx.env.loop, HELLO_S + 1);
	assert_false(flow_decide_listens(&fx.decision));
	assert_int_equal(fx.decided, 0);
	fx.answer(&fx.decision, ETIMEDOUT, NULL, -1);
	assert_int_equal(fx.decided, 1);
	assert_int_equal(fx.query.user, RULE_USER_UNKNOWN);
}

TEST(end_cancels_all_that_is_awaited)
{
	fx.asks_owner = true;
	assert_int_equal(flow_decide_begin(&fx.decision), EINPROGRESS);
	flow_decide_end(&fx.decision);
	flow_decide_end(&fx.decision);
	clock_advance(fx.env.loop, HELLO_S + 1);
	assert_int_equal(fx.cancels, 1);
	assert_int_equal(fx.decided + fx.accounted, 0);
}

TEST(udp_waits_for_a_name_on_the_port_of_quic_only)
{
	struct datagrams held = { .count = 0 };

	flow_is(IPPROTO_UDP, "192.0.2.1", 53);
	assert_int_equal(flow_decide_begin(&fx.decision), 0);
	flow_is(IPPROTO_UDP, "192.0.2.1", 443);
	assert_int_equal(flow_decide_begin(&fx.decision), EINPROGRESS);
	assert_non_null(datagrams_add(&held, 9, 9, 1));
	fx.quic_name = "early.example";
	assert_int_equal(flow_decide_hear_datagrams(&fx.decision, &held), EINPROGRESS);
	fx.quic_name = "q.example";
	fx.quic = SNIFF_FOUND;
	assert_int_equal(flow_decide_hear_datagrams(&fx.decision, &held), 0);
	expect_name("q.example", "sni");
	datagrams_drop(&held);
}

TEST(name_in_a_hello_without_end_counts)
{
	struct datagrams held = { .count = 0 };

	flow_is(IPPROTO_UDP, "192.0.2.1", 443);
	assert_int_equal(flow_decide_begin(&fx.decision), EINPROGRESS);
	assert_non_null(datagrams_add(&held, 9, 9, 1));
	fx.quic_name = "early.example";
	assert_int_equal(flow_decide_hear_datagrams(&fx.decision, &held), EINPROGRESS);
	clock_advance(fx.env.loop, HELLO_S + 1);
	assert_int_equal(fx.decided, 1);
	expect_name("early.example", "sni");
	datagrams_drop(&held);
}

TEST(made_up_address_has_its_name_and_is_not_waited_for)
{
	union addr other;

	give("a.example");
	fx.action = ACTION_PROXY;
	assert_int_equal(flow_decide_begin(&fx.decision), 0);
	expect_name("a.example", VIA_DNS);
	assert_null(fx.query.dst);
	assert_int_equal(fx.decision.outcome.reason, CLOSE_DONE);
	assert_int_equal(fake_ip_assign(fx.env.fake_ip, "b.example", AF_INET, 1e12, &other), 0);
	assert_int_equal(fake_ip_assign(fx.env.fake_ip, "c.example", AF_INET, 1e12, &other), ENOSPC);
	flow_decide_end(&fx.decision);
	assert_int_equal(fake_ip_assign(fx.env.fake_ip, "c.example", AF_INET, 2e12, &other), 0);
	assert_int_equal(fake_ip_assign(fx.env.fake_ip, "d.example", AF_INET, 2e12, &other), 0);
}

TEST(made_up_address_of_no_name_leads_nowhere)
{
	give("a.example");
	fx.record.dst = address("198.18.0.2", 443);
	fx.action = ACTION_PROXY;
	assert_int_equal(flow_decide_begin(&fx.decision), 0);
	assert_int_equal(fx.decision.outcome.reason, CLOSE_STALE_ADDRESS);
}

TEST(made_up_address_is_stale_once_the_ranges_change)
{
	struct network range;

	give("a.example");
	assert_int_equal(flow_decide_begin(&fx.decision), 0);
	assert_false(flow_decide_is_stale(&fx.decision));
	assert_int_equal(network_parse("198.18.0.0/24", &range), 0);
	assert_int_equal(fake_ip_set_ranges(fx.env.fake_ip, &range, 1, 1), 0);
	assert_true(flow_decide_is_stale(&fx.decision));
}

/* The name that wins where DNS knows dns ("": none), and the client sent said. */
static const char *
judged(const char *dns, const char *said, bool outer, bool in_dns)
{
	struct sniffed name = { .via = "sni", .outer = outer };
	const union addr dst = address("192.0.2.1", 443);
	const struct evidence e = { .proto = IPPROTO_TCP, .dst = &dst, .dns = dns[0] != '\0' ? dns : NULL, .said = &name,
		.said_in_dns = in_dns };
	static char host[HOST_MAX + 1];
	struct outcome o;

	strcpy(name.text, said);
	flow_judge(&fx.conf, &e, &o);
	strcpy(host, o.host != NULL ? o.host : "-");
	assert_string_equal(o.via, o.host == NULL ? VIA_IP : o.host == dns ? VIA_DNS : "sni");
	return host;
}

TEST(own_bytes_of_the_client_beat_dns)
{
	assert_string_equal(judged("a.example", "c.example", false, false), "c.example");
	assert_string_equal(judged("", "c.example", false, false), "c.example");
	assert_string_equal(judged("b.example", "", false, false), "b.example");
	assert_string_equal(judged("", "", false, false), "-");
}

TEST(outer_name_never_wins_over_a_name_of_dns)
{
	assert_string_equal(judged("b.example", "public.example", true, false), "b.example");
}

/* Browsers send the extension with every name. */
TEST(name_that_dns_knows_for_the_address_is_no_outer_one)
{
	assert_string_equal(judged("b.example", "a.example", true, true), "a.example");
}

TEST(outer_name_is_better_than_none)
{
	assert_string_equal(judged("", "public.example", true, false), "public.example");
}

/* With DNS names a and b for the address. */
static unsigned
lines_for(const char *said, bool outer)
{
	quiet_log.debugs = 0;
	flow_is(IPPROTO_UDP, "192.0.2.1", 443);
	assert_int_equal(flow_decide_begin(&fx.decision), EINPROGRESS);
	fx.decision.said = (struct sniffed){ .via = "sni", .outer = outer };
	strcpy(fx.decision.said.text, said);
	clock_advance(fx.env.loop, HELLO_S + 1);
	return quiet_log.debugs;
}

TEST(disagreement_is_logged_but_never_against_log_hosts)
{
	assert_int_equal(lines_for("public.example", true), 1); /* outer, and DNS knows none */
	expect_name("public.example", "sni");
	assert_int_equal(lines_for("c.example", false), 0);
	dns_taught("10.0.0.1", "a.example");
	dns_taught("10.0.0.1", "b.example");
	assert_int_equal(lines_for("", false), 0);
	assert_int_equal(lines_for("b.example", false), 0);
	assert_int_equal(lines_for("public.example", true), 1);
	expect_name("b.example", VIA_DNS);
	assert_int_equal(lines_for("a.example", true), 1);
	expect_name("a.example", "sni");
	fx.conf.log.hosts = LOG_HOSTS_DOMAIN;
	assert_int_equal(lines_for("public.example", true), 0);
}

/* A flow to port, at a made-up address or not, that a rule sends to a proxy. */
static struct outcome
quic_judged(int proto, uint16_t port, enum conf_quic quic, bool fake)
{
	const union addr dst = address("192.0.2.1", port);
	struct outcome o;

	fx.action = ACTION_PROXY;
	fx.conf.intercept.quic = quic;
	flow_judge(&fx.conf, &(struct evidence){ .proto = proto, .dst = &dst, .fake = fake, .dns = "a.example" }, &o);
	return o;
}

TEST(quic_follows_its_policy)
{
	assert_int_equal(quic_judged(IPPROTO_UDP, 443, QUIC_AUTO, false).verdict.action, ACTION_PROXY);
	assert_false(quic_judged(IPPROTO_UDP, 443, QUIC_AUTO, false).insist);
	assert_true(quic_judged(IPPROTO_UDP, 443, QUIC_PROXY, false).insist);
	assert_int_equal(quic_judged(IPPROTO_UDP, 443, QUIC_BLOCK, false).reason, CLOSE_BLOCKED);
	assert_int_equal(quic_judged(IPPROTO_UDP, 443, QUIC_DIRECT, false).verdict.action, ACTION_DIRECT);
	assert_int_equal(quic_judged(IPPROTO_UDP, 443, QUIC_DIRECT, true).reason, CLOSE_BLOCKED);
	assert_int_equal(quic_judged(IPPROTO_UDP, 8443, QUIC_BLOCK, false).reason, CLOSE_DONE);
	assert_int_equal(quic_judged(IPPROTO_TCP, 443, QUIC_BLOCK, false).reason, CLOSE_DONE);
	assert_false(quic_judged(IPPROTO_TCP, 443, QUIC_PROXY, false).insist);
}

TEST(blocked_and_made_up_flows_have_their_reasons)
{
	const union addr dst = address("198.18.0.1", 80);
	struct evidence e = { .proto = IPPROTO_TCP, .dst = &dst, .fake = true, .dns = "a.example" };
	struct outcome o;

	fx.action = ACTION_DIRECT;
	flow_judge(&fx.conf, &e, &o);
	assert_int_equal(o.reason, CLOSE_STALE_ADDRESS);
	fx.action = ACTION_BLOCK;
	flow_judge(&fx.conf, &e, &o);
	assert_int_equal(o.reason, CLOSE_BLOCKED);
	e.dns = NULL;
	flow_judge(&fx.conf, &e, &o);
	assert_int_equal(o.reason, CLOSE_STALE_ADDRESS);
	e.fake = false;
	fx.action = ACTION_DIRECT;
	flow_judge(&fx.conf, &e, &o);
	assert_int_equal(o.reason, CLOSE_DONE);
	assert_false(o.by_name);
}

RUN_TESTS(set_up, tear_down)
