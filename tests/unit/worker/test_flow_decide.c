/* The name, rule and path of a flow, and the waits for them. Helper and clock are faked. */
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
	struct conf       *conf;
	struct flow        flow;
	struct flow_record record;
	struct decision    decision;
	bool               asks_owner;
	ipc_answer        *answer;
	unsigned           cancels, decided, accounted;
	enum sniff         quic;                /* what the first flight of QUIC says */
	const char        *quic_name;
} fx;

const char *const quic_engine = "fake";

void account_decided(struct account *a, const struct flow_record *r) { (void)a, (void)r; fx.accounted++; }

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
	fx.decision = (struct decision){ .env = &fx.env, .conf = fx.conf, .flow = &fx.flow, .record = &fx.record,
		.decided = decided_cb_noted, .arg = &fx };
}

/* Rule 9: *.open, direct; 1: *.kion.cloud, 2: *.blocked, 3: 198.51.100.0/24, 4: intranet; then more. */
static void
configure(const char *more_rules, const char *more)
{
	static struct conf_report report;
	char text[2048];

	conf_free(fx.conf);
	snprintf(text, sizeof(text), "{\"proxies\":[{\"id\":1,\"host\":\"192.0.2.99\",\"port\":1080,\"proxy_type\":\"Socks5\"},"
	    "{\"id\":2,\"host\":\"192.0.2.98\",\"port\":1080,\"proxy_type\":\"Socks5\",\"send\":\"name\"}],\"rules\":["
	    "{\"id\":9,\"pattern\":\"*.open\",\"action\":\"direct\"},{\"id\":1,\"pattern\":\"*.kion.cloud\",\"proxy_id\":1},{\"id\":2,\"pattern\":\"*.blocked\",\"action\":\"block\"},"
	    "{\"id\":3,\"pattern\":\"198.51.100.0/24\",\"proxy_id\":1},{\"id\":4,\"pattern\":\"intranet;localhost\",\"proxy_id\":1}"
	    "%s],\"timeouts\":{\"hello\":%d}%s}", more_rules, HELLO_S, more);
	fx.conf = conf_parse("test", text, strlen(text), &report);
	if (fx.conf == NULL)
		fail_msg("%s", report.error);
	flow_is(IPPROTO_TCP, "192.0.2.1", 443);
}

static int
set_up(void **state)
{
	memset(&fx, 0, sizeof(fx));
	memset(&quiet_log, 0, sizeof(quiet_log));
	fx.env = (struct worker_env){ .loop = ev_loop_new(0), .names = names_new(100), .fake_ip = fake_ip_new() };
	fx.flow.peer = address("10.0.0.1", 4000);
	fx.quic = SNIFF_MORE;
	fx.quic_name = "";
	configure("", "");
	return 0;
}

static int
tear_down(void **state)
{
	flow_decide_end(&fx.decision);
	names_free(fx.env.names);
	fake_ip_free(fx.env.fake_ip);
	ev_loop_destroy(fx.env.loop);
	conf_free(fx.conf);
	return 0;
}

static void
dns_taught(const char *name)
{
	assert_int_equal(names_learn(fx.env.names, &fx.record.dst, name, ACTION_DIRECT), 0);
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
	assert_string_equal(fx.record.host != NULL ? fx.record.host : "-", host);
	assert_string_equal(fx.record.via, via);
	assert_string_equal(fx.decision.outcome.host != NULL ? fx.decision.outcome.host : "-", host);
}

/* rule: its id; 0: default_action. */
static void
expect_rule(unsigned rule)
{
	assert_int_equal(fx.record.verdict.rule != NULL ? fx.record.verdict.rule->id : 0, rule);
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

TEST(client_is_heard_although_dns_knows_a_name)
{
	dns_taught("a.kion.cloud");
	assert_int_equal(flow_decide_begin(&fx.decision), EINPROGRESS);
	assert_true(flow_decide_listens(&fx.decision));
	assert_int_equal(client_says("GET / HTTP/1.1\r\nHost: B.example\r\n\r\n"), 0);
	expect_name("b.example", "http");
	expect_rule(0);
	assert_int_equal(fx.accounted, 1);
	assert_int_equal(fx.decided, 0);
	assert_false(flow_decide_listens(&fx.decision));
}

TEST(client_is_heard_where_dns_knows_none)
{
	assert_int_equal(flow_decide_begin(&fx.decision), EINPROGRESS);
	assert_null(fx.record.host);
	assert_int_equal(client_says("GET / HTTP/1.1\r\nHost: c."), EINPROGRESS);
	assert_true(flow_decide_listens(&fx.decision));
	assert_int_equal(client_says("GET / HTTP/1.1\r\nHost: c.kion.cloud\r\n\r\n"), 0);
	expect_name("c.kion.cloud", "http");
	expect_rule(1);
	assert_int_equal(fx.decision.outcome.name, TARGET_NAME_AUTO);
}

TEST(nothing_is_waited_for_where_no_name_matters)
{
	static const struct { const char *rules, *more; int waits; } rows[] = {
		{ "", "", EINPROGRESS },
		{ ",{\"id\":5,\"pattern\":\"a.example\",\"action\":\"direct\"}", "", EINPROGRESS },
		{ ",{\"id\":5,\"pattern\":\"a.example\",\"action\":\"block\",\"protocol\":\"udp\"}", "", 0 },
		{ ",{\"id\":5,\"pattern\":\"a.example\",\"action\":\"block\",\"ports\":\"80\"}", "", 0 },
		{ ",{\"id\":5,\"pattern\":\"a.example\",\"action\":\"block\",\"enabled\":false}", "", 0 },
		{ ",{\"id\":5,\"pattern\":\"192.0.2.1\",\"proxy_id\":1},{\"id\":6,\"pattern\":\"a.example\",\"action\":\"direct\"}",
		    "", 0 },
		{ ",{\"id\":5,\"pattern\":\"192.0.2.1\",\"action\":\"block\"}", "", EINPROGRESS }, /* for its record */
		{ ",{\"id\":5,\"pattern\":\"*\",\"proxy_id\":1}", "", 0 },
		{ ",{\"id\":5,\"pattern\":\"*\",\"proxy_id\":2}", "", EINPROGRESS }, /* its "send" is "name" */
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		configure(rows[i].rules, rows[i].more);
		/* the first five rules aside */
		for (size_t k = 0; i > 0 && k < 5; k++)
			fx.conf->rules[k].enabled = false;
		if (flow_decide_begin(&fx.decision) != rows[i].waits)
			fail_msg("row %zu", i);
		flow_decide_end(&fx.decision);
	}
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

TEST(hello_in_pieces_is_waited_for)
{
	static const char hello[] = "GET / HTTP/1.1\r\nHost: slow.kion.cloud\r\n\r\n";

	assert_int_equal(flow_decide_begin(&fx.decision), EINPROGRESS);
	for (size_t n = 1; n < strlen(hello) - 2; n++) {
		clock_advance(fx.env.loop, n == 1 ? HELLO_S - 1 : 1.5);
		assert_int_equal(flow_decide_hear_stream(&fx.decision, (const uint8_t *)hello, n, false), EINPROGRESS);
	}
	assert_int_equal(fx.decided, 0);
	assert_int_equal(client_says(hello), 0);
	expect_name("slow.kion.cloud", "http");
}

TEST(hello_that_stops_is_not_waited_for_without_end)
{
	assert_int_equal(flow_decide_begin(&fx.decision), EINPROGRESS);
	assert_int_equal(client_says("GET / HTTP/1.1\r\nHo"), EINPROGRESS);
	clock_advance(fx.env.loop, HELLO_S);
	assert_int_equal(fx.decided, 1);
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
	configure(",{\"id\":5,\"pattern\":\"*\",\"action\":\"block\",\"user\":\"1001\"}", "");
	fx.asks_owner = true;
	assert_int_equal(flow_decide_begin(&fx.decision), EINPROGRESS);
	assert_true(flow_decide_listens(&fx.decision));
	assert_int_equal(client_says("GET / HTTP/1.1\r\nHost: c.example\r\n\r\n"), EINPROGRESS);
	assert_false(flow_decide_listens(&fx.decision));
	clock_advance(fx.env.loop, HELLO_S + 1);
	assert_int_equal(fx.decided + fx.accounted, 0);
	owner_is(1001);
	assert_int_equal(fx.decided, 1);
	expect_name("c.example", "http");
	expect_rule(5);
}

TEST(owner_that_comes_first_leaves_the_name_to_wait_for)
{
	configure(",{\"id\":5,\"pattern\":\"*\",\"action\":\"block\",\"user\":\"1001\"}", "");
	fx.asks_owner = true;
	assert_int_equal(flow_decide_begin(&fx.decision), EINPROGRESS);
	owner_is(1001);
	assert_int_equal(fx.decided, 0);
	assert_int_equal(client_says("SSH-2.0-x\r\n"), 0);
	expect_rule(5);
	assert_int_equal(fx.decided, 0);
}

TEST(owner_is_awaited_after_the_time_for_a_hello)
{
	configure(",{\"id\":5,\"pattern\":\"*\",\"action\":\"block\",\"user\":\"1001\"}", "");
	fx.asks_owner = true;
	flow_is(IPPROTO_UDP, "192.0.2.1", 443);
	assert_int_equal(flow_decide_begin(&fx.decision), EINPROGRESS);
	clock_advance(fx.env.loop, HELLO_S + 1);
	assert_false(flow_decide_listens(&fx.decision));
	assert_int_equal(fx.decided, 0);
	fx.answer(&fx.decision, ETIMEDOUT, NULL, -1);
	assert_int_equal(fx.decided, 1);
	expect_rule(0);
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

	give("a.kion.cloud");
	assert_int_equal(flow_decide_begin(&fx.decision), 0);
	expect_name("a.kion.cloud", VIA_DNS);
	expect_rule(1);
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

/* A flow to dst, for which DNS knows the names in dns ("a b"), that says this. */
static struct outcome *
judged(const char *dst, const char *dns, struct sniffed said)
{
	static struct outcome o;
	static union addr to;
	static struct sniffed held;
	char list[256], *rest = list, *name;

	to = address(dst, 443);
	held = said;
	held.via = "sni";
	strcpy(list, dns);
	names_free(fx.env.names);
	fx.env.names = names_new(100);
	while ((name = strsep(&rest, " ")) != NULL)
		if (name[0] != '\0')
			names_learn(fx.env.names, &to, name, rule_strictest(fx.conf, name));
	names_learn_outer(fx.env.names, "public.example", ACTION_PROXY);
	names_learn_outer(fx.env.names, "public.kion.cloud", ACTION_PROXY);
	flow_judge(fx.conf, &(struct evidence){ .proto = IPPROTO_TCP, .dst = &to, .port = 443,
		.user = RULE_USER_UNKNOWN, .said = &held, .names = fx.env.names }, &o);
	return &o;
}

static const struct {
	const char *dst, *dns, *said;
	bool        outer, request;
	unsigned    rule;
	const char *host;
	enum target_name name;
} policy[] = {
	/* the client's own bytes decide alone */
	{ "192.0.2.1", "a.kion.cloud b.blocked", "c.example", false, false, 0, "c.example", TARGET_NAME_ASKED },
	{ "192.0.2.1", "c.example", "a.kion.cloud", false, false, 1, "a.kion.cloud", TARGET_NAME_AUTO },
	{ "192.0.2.1", "", "a.blocked", false, false, 2, "a.blocked", TARGET_NAME_AUTO },
	/* a rule for addresses caught it: by address */
	{ "198.51.100.7", "", "c.example", false, false, 3, "c.example", TARGET_NAME_ASKED },
	{ "198.51.100.7", "", "a.kion.cloud", false, false, 1, "a.kion.cloud", TARGET_NAME_AUTO },
	/* names that mean another host at the proxy, or are meant for another proxy */
	{ "198.51.100.7", "", "printer", false, false, 3, "printer", TARGET_NAME_NEVER },
	{ "192.0.2.1", "", "intranet", false, false, 4, "intranet", TARGET_NAME_AUTO },
	{ "192.0.2.1", "", "localhost", false, false, 4, "localhost", TARGET_NAME_NEVER },
	{ "192.0.2.1", "", "a.kion.cloud", false, true, 1, "a.kion.cloud", TARGET_NAME_NEVER },
	/* a public name of ECH counts as none, but never makes a flow less strict; GREASE is harmless */
	{ "192.0.2.1", "a.kion.cloud", "public.example", true, false, 1, "a.kion.cloud", TARGET_NAME_ASKED },
	{ "192.0.2.1", "c.example", "public.kion.cloud", true, false, 1, "public.kion.cloud", TARGET_NAME_NEVER },
	{ "192.0.2.1", "a.kion.cloud", "public.example", false, false, 0, "public.example", TARGET_NAME_ASKED },
	{ "192.0.2.1", "a.kion.cloud", "c.example", true, false, 0, "c.example", TARGET_NAME_ASKED },
	/* names of DNS: the strictest, whatever came last */
	{ "192.0.2.1", "", "", false, false, 0, "-", TARGET_NAME_NEVER },
	{ "192.0.2.1", "a.kion.cloud", "", false, false, 1, "a.kion.cloud", TARGET_NAME_ASKED },
	{ "192.0.2.1", "a.kion.cloud c.example", "", false, false, 1, "a.kion.cloud", TARGET_NAME_NEVER },
	{ "192.0.2.1", "c.example a.kion.cloud", "", false, false, 1, "a.kion.cloud", TARGET_NAME_NEVER },
	{ "192.0.2.1", "x.blocked a.kion.cloud c.example", "", false, false, 2, "x.blocked", TARGET_NAME_NEVER },
	{ "192.0.2.1", "printer", "", false, false, 0, "printer", TARGET_NAME_NEVER },
	/* a rule for the address stays, against a name that is planted */
	{ "198.51.100.7", "x.open", "", false, false, 3, "-", TARGET_NAME_NEVER },
	{ "198.51.100.7", "", "x.open", false, false, 9, "x.open", TARGET_NAME_AUTO },
	{ "192.0.2.1", "x.open", "", false, false, 9, "x.open", TARGET_NAME_ASKED },
	{ "198.51.100.7", "a.kion.cloud", "", false, false, 3, "-", TARGET_NAME_NEVER },
	{ "198.51.100.7", "c.example", "", false, false, 3, "c.example", TARGET_NAME_ASKED },
	{ "198.51.100.7", "x.blocked", "", false, false, 2, "x.blocked", TARGET_NAME_ASKED },
};

TEST(names_decide_the_rule_and_addresses_the_path)
{
	for (size_t i = 0; i < sizeof(policy) / sizeof(policy[0]); i++) {
		struct sniffed said = { .outer = policy[i].outer, .proxy_request = policy[i].request };
		const struct outcome *o;

		strcpy(said.text, policy[i].said);
		o = judged(policy[i].dst, policy[i].dns, said);
		if ((o->verdict.rule != NULL ? o->verdict.rule->id : 0) != policy[i].rule ||
		    strcmp(o->host != NULL ? o->host : "-", policy[i].host) != 0 || o->name != policy[i].name)
			fail_msg("row %zu: rule %u, host %s, name %d", i, o->verdict.rule != NULL ? o->verdict.rule->id : 0,
			    o->host != NULL ? o->host : "-", o->name);
	}
}

TEST(proxy_gets_the_ipv4_address_behind_nat64)
{
	const union addr v4 = address("198.51.100.7", 443), v6 = address("2001:db8::7", 443);
	const struct outcome *o = judged("64:ff9b::c633:6407", "", (struct sniffed){ .text = "" });

	assert_int_equal(o->verdict.rule->id, 3);
	assert_true(addr_equal(&o->addr, &v4));
	o = judged("2001:db8::7", "", (struct sniffed){ .text = "" });
	assert_true(addr_equal(&o->addr, &v6));
}

static void
verdict_is_given_of(const char *host)
{
	const struct verdict given = rule_match(fx.conf, &(struct rule_query){ .host = host });

	flow_is(IPPROTO_TCP, "64:ff9b::c633:6407", 53);
	flow_decide_given(&fx.decision, &given);
}

/* The DNS forwarder hands such flows on. */
TEST(flow_with_a_given_verdict_is_recorded_and_completed_like_every_other)
{
	const union addr v4 = address("198.51.100.7", 53);

	verdict_is_given_of("a.kion.cloud");
	expect_name("-", VIA_IP);
	expect_rule(1);
	assert_int_equal(fx.accounted, 1);
	assert_int_equal(fx.decision.outcome.reason, CLOSE_DONE);
	assert_true(addr_equal(flow_decide_addr(&fx.decision), &v4));
	verdict_is_given_of("a.blocked");
	expect_rule(2);
	assert_int_equal(fx.accounted, 2);
	assert_int_equal(fx.decision.outcome.reason, CLOSE_BLOCKED);
}

/* A flow to port, at a made-up address or not, that a rule sends to a proxy. */
static struct outcome
quic_judged(int proto, uint16_t port, enum conf_quic quic, bool fake)
{
	const union addr dst = address("198.51.100.1", port);
	const struct sniffed none = { .text = "" };
	struct outcome o;

	fx.conf->intercept.quic = quic;
	flow_judge(fx.conf, &(struct evidence){ .proto = proto, .dst = &dst, .port = port, .fake = fake,
		.fake_name = "a.kion.cloud", .said = &none, .names = fx.env.names }, &o);
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
	const struct sniffed none = { .text = "" };
	struct evidence e = { .proto = IPPROTO_TCP, .dst = &dst, .port = 80, .fake = true, .fake_name = "a.example",
		.said = &none, .names = fx.env.names };
	struct outcome o;

	flow_judge(fx.conf, &e, &o);
	assert_int_equal(o.reason, CLOSE_DONE);         /* no rule proxies it any more: direct, to its host */
	assert_int_equal(o.verdict.action, ACTION_DIRECT);
	e.fake_name = "a.blocked";
	flow_judge(fx.conf, &e, &o);
	assert_int_equal(o.reason, CLOSE_BLOCKED);
	e.fake_name = NULL;
	flow_judge(fx.conf, &e, &o);
	assert_int_equal(o.reason, CLOSE_STALE_ADDRESS);
	e.fake = false;
	flow_judge(fx.conf, &e, &o);
	assert_int_equal(o.reason, CLOSE_DONE);
}

static struct host_search *search;

static int
finder_begin(struct host_finder *finder, struct host_search *s)
{
	search = s;
	s->job = finder;
	return 0;
}

static void
finder_cancel(struct host_search *s)
{
	assert_ptr_equal(search, s);
	search = NULL;
}

/* A flow to the made-up address of a name that no rule proxies. */
static void
fake_flow_is_direct(void)
{
	static struct host_finder finder = { finder_begin, finder_cancel };
	struct network range;
	union addr fake;
	char text[ADDR_TEXT_MAX];

	fx.env.finder = &finder;
	assert_int_equal(network_parse("198.18.0.0/15", &range), 0);
	assert_int_equal(fake_ip_set_ranges(fx.env.fake_ip, &range, 1, 0), 0);
	assert_int_equal(fake_ip_assign(fx.env.fake_ip, "a.example", AF_INET, 0, &fake), 0);
	flow_is(IPPROTO_TCP, addr_format_ip(&fake, text), 443);
	assert_int_equal(flow_decide_begin(&fx.decision), EINPROGRESS);
	assert_non_null(search);
	assert_string_equal(search->host, "a.example");
	assert_int_equal(search->family, AF_INET);
}

TEST(made_up_address_of_a_direct_name_leads_to_its_host)
{
	const union addr found = address("192.0.2.9", 0), real = address("192.0.2.9", 443);

	fake_flow_is_direct();
	search->job = NULL;
	search->found(search->arg, &found);
	assert_int_equal(fx.decision.outcome.reason, CLOSE_DONE);
	assert_int_equal(fx.decision.outcome.verdict.action, ACTION_DIRECT);
	assert_true(addr_equal(flow_decide_addr(&fx.decision), &real));
	flow_decide_end(&fx.decision);
}

TEST(made_up_address_of_a_direct_name_without_host_is_unreachable)
{
	fake_flow_is_direct();
	search->job = NULL;
	search->found(search->arg, &addr_none);
	assert_int_equal(fx.decision.outcome.reason, CLOSE_UNREACHABLE);
	flow_decide_end(&fx.decision);
	fake_flow_is_direct();
	flow_decide_end(&fx.decision);          /* the flow ends first */
	assert_null(search);
}

/* Browsers send a hello with ECH, real or not, with every name. */
TEST(doubt_about_an_outer_name_is_logged_but_never_against_log_hosts)
{
	for (int hosts = LOG_HOSTS_FULL; hosts <= LOG_HOSTS_DOMAIN; hosts++) {
		fx.conf->log.hosts = (enum log_hosts)hosts;
		flow_is(IPPROTO_UDP, "192.0.2.1", 443);
		dns_taught("a.kion.cloud");
		names_learn_outer(fx.env.names, "public.example", ACTION_PROXY);
		assert_int_equal(flow_decide_begin(&fx.decision), EINPROGRESS);
		fx.decision.said = (struct sniffed){ .text = "public.example", .via = "sni", .outer = true };
		clock_advance(fx.env.loop, HELLO_S + 1);
		expect_name("a.kion.cloud", VIA_DNS);
		assert_int_equal(quiet_log.debugs, 1);
	}
}

RUN_TESTS(set_up, tear_down)
