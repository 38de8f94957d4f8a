#include "config.h"

#include "worker/record/account.h"
#include "worker/record/flow_log.h"
#include "../test.h"
#include "../quiet_log.h"

struct fixture {
	struct account    *account;
	struct conf        conf;
	struct conf_rule   rule;
	struct conf_proxy  proxy;
	struct flow_record flows[3];
	unsigned           killed, watched, ended;
};
static struct fixture fx;

static void flow_update(struct flow_record *r) { r->out += 10; r->in += 100; }
static void flow_kill(struct flow_record *r) { (void)r; fx.killed++; }
static const struct flow_ops ops = { flow_update, flow_kill };

static void
watch(void *arg, const struct flow_record *r, bool ended)
{
	assert_ptr_equal(arg, &fx);
	assert_non_null(r);
	fx.watched++;
	fx.ended += ended;
}

static int
setup(void **state)
{
	memset(&fx, 0, sizeof(fx));
	fx.conf.log.flows = LOG_FLOWS_NONE;
	fx.rule.id = 7;
	fx.proxy.id = 3;
	fx.account = account_new(0.);
	for (size_t i = 0; i < 3; i++) {
		fx.flows[i] = (struct flow_record){ .ops = &ops, .proto = "tcp", .via = VIA_IP, .reason = CLOSE_DONE };
		account_begin(fx.account, &fx.flows[i]);
	}
	fx.flows[0].verdict = (struct verdict){ .action = ACTION_PROXY, .rule = &fx.rule };
	fx.flows[0].proxy = &fx.proxy;
	fx.flows[0].host = "a.kion.cloud";
	return 0;
}

static int
teardown(void **state)
{
	account_free(fx.account);
	return 0;
}

static struct traffic all(void) { return account_traffic(fx.account); }

static void
assert_sums_agree(enum tally_kind kind)
{
	struct traffic sum = { 0 }, whole = all();

	for (const struct tally *t = NULL; (t = account_next_tally(fx.account, kind, t)) != NULL; ) {
		sum.active += t->traffic.active;
		sum.closed += t->traffic.closed;
		sum.failed += t->traffic.failed;
		sum.out += t->traffic.out;
		sum.in += t->traffic.in;
	}
	assert_memory_equal(&sum, &whole, sizeof(sum));
}

static void
assert_rules_and_proxies_agree(void)
{
	assert_sums_agree(TALLY_RULES);
	assert_sums_agree(TALLY_PROXIES);
}

/* The tally of a host, or NULL; *n: how many there are. */
static const struct tally *
host_tally(const char *host, unsigned *n)
{
	const struct tally *found = NULL;

	*n = 0;
	for (const struct tally *t = NULL; (t = account_next_tally(fx.account, TALLY_HOSTS, t)) != NULL; (*n)++)
		if (strcmp(t->host, host) == 0)
			found = t;
	return found;
}

TEST(account_counts_each_byte_once_for_rule_and_proxy)
{
	account_settle(fx.account);
	assert_int_equal(all().active, 3);
	assert_int_equal(all().out, 30);
	assert_rules_and_proxies_agree();
	account_settle(fx.account);
	assert_int_equal(all().in, 600);
	fx.flows[0].out += 5;
	account_end(fx.account, &fx.conf, &fx.flows[0], 1.);
	assert_int_equal(all().out, 65);
	assert_int_equal(account_counter(fx.account, COUNT_CLOSED + ACTION_PROXY), 1);
	account_settle(fx.account);
	assert_int_equal(all().active, 2);
	assert_int_equal(all().closed, 1);
	assert_int_equal(account_counter(fx.account, COUNT_ACTIVE + ACTION_DIRECT), 2);
	assert_rules_and_proxies_agree();
}

TEST(account_a_proxy_known_late_gets_the_bytes)
{
	const struct tally *proxy;

	fx.flows[1].proxy = &fx.proxy;
	account_settle(fx.account);
	proxy = account_tally(fx.account, TALLY_PROXIES, 3);
	assert_int_equal(proxy->id, 3);
	assert_int_equal(proxy->traffic.active, 2);
	assert_int_equal(proxy->traffic.out, 20);
}

TEST(account_errors_are_told_from_ends)
{
	fx.flows[0].reason = CLOSE_PROXY_AUTH;
	fx.flows[1].reason = CLOSE_KILLED;
	for (size_t i = 0; i < 3; i++)
		account_end(fx.account, &fx.conf, &fx.flows[i], 1.);
	assert_int_equal(all().failed, 1);
	assert_int_equal(account_counter(fx.account, COUNT_ENDS + CLOSE_KILLED), 1);
	assert_null(account_next(fx.account, 0));
	assert_rules_and_proxies_agree();
}

TEST(account_measures_the_way_through_a_proxy)
{
	const struct tally *proxy;

	fx.flows[0].connect_s = 0.02;
	fx.flows[0].first_byte_s = 99.;
	account_end(fx.account, &fx.conf, &fx.flows[0], 1.);
	proxy = account_tally(fx.account, TALLY_PROXIES, 3);
	assert_int_equal(proxy->id, 3);
	assert_int_equal(proxy->connect.counts[2], 1);
	assert_true(proxy->connect.sum > 0.019 && proxy->connect.sum < 0.021);
	assert_int_equal(proxy->first_byte.counts[ACCOUNT_BUCKETS], 1);
}

TEST(account_keeps_the_hosts_with_the_most_bytes)
{
	struct flow_record r;
	const struct tally *top[2];
	char name[32];
	unsigned hosts;

	for (unsigned i = 0; i < 3 * ACCOUNT_HOSTS; i++) {
		snprintf(name, sizeof(name), "h%u.example", i);
		r = (struct flow_record){ .ops = &ops, .proto = "tcp", .host = name, .via = VIA_IP, .in = i == 5 ? 1000000 : i };
		account_begin(fx.account, &r);
		account_end(fx.account, &fx.conf, &r, 1.);
	}
	assert_non_null(host_tally("h5.example", &hosts));
	assert_int_equal(hosts, ACCOUNT_HOSTS);
	assert_null(host_tally("h6.example", &hosts));
	assert_int_equal(account_top_hosts(fx.account, top, 2), 2);
	assert_string_equal(top[0]->host, "h5.example");
	assert_string_equal(top[1]->host, "h767.example");
}

TEST(account_lists_live_flows_by_id)
{
	assert_ptr_equal(account_next(fx.account, 0), &fx.flows[0]);
	account_end(fx.account, &fx.conf, &fx.flows[1], 1.);
	assert_ptr_equal(account_next(fx.account, fx.flows[0].id), &fx.flows[2]);
	assert_null(account_next(fx.account, fx.flows[2].id));
}

TEST(account_tells_who_watches)
{
	account_watch(fx.account, watch, &fx);
	account_decided(fx.account, &fx.flows[0]);
	account_end(fx.account, &fx.conf, &fx.flows[0], 1.);
	assert_int_equal(fx.watched, 2);
	assert_int_equal(fx.ended, 1);
}

TEST(account_a_dns_query_is_no_flow)
{
	struct flow_record r = { .id = account_id(fx.account), .proto = "dns", .host = "x.example", .via = VIA_DNS, .in = 50 };
	unsigned hosts;

	account_end(fx.account, &fx.conf, &r, 1.);
	assert_ptr_equal(account_next(fx.account, fx.flows[1].id), &fx.flows[2]);
	assert_null(account_next(fx.account, fx.flows[2].id));
	assert_int_equal(all().in, 0);
	assert_null(host_tally("x.example", &hosts));
	assert_int_equal(hosts, 0);
}

TEST(counters_are_each_in_one_family_with_a_word)
{
	unsigned next = 0;

	for (size_t f = 0; f < ncounter_families; f++) {
		const struct counter_family *family = &counter_families[f];

		assert_int_equal(family->first, next);
		for (unsigned i = 0; i < family->n; i++) {
			assert_non_null(counter_label(family, i));
			assert_non_null(counter_member(family, i));
		}
		next += family->n;
	}
	assert_int_equal(next, COUNTERS);
}

TEST(summary_writes_every_group)
{
	account_count(fx.account, COUNT_DROP_STRANGER, 3);
	account_count(fx.account, COUNT_DNS_CACHED, 2);
	quiet_log.lines = 0;
	account_summary(fx.account, 5.);
	assert_int_equal(quiet_log.lines, 4);
	assert_string_equal(quiet_log.last, "summary: closed none");
	fx.flows[0].reason = CLOSE_KILLED;
	account_end(fx.account, &fx.conf, &fx.flows[0], 1.);
	account_summary(fx.account, 5.);
	assert_string_equal(quiet_log.last, "summary: closed killed=1");
}

/* ---- the log ---- */

static struct flow_log many;

static void
record(const char *text, struct flow_record *r)
{
	struct conf_report report = { .error = "" };
	struct conf *conf = conf_parse("test", text, strlen(text), &report);

	assert_non_null(conf);
	quiet_log.last[0] = '\0';
	flow_log(&many, conf, r, 1.5);
	conf_free(conf);
}

TEST(flow_log_writes_one_line_a_flow)
{
	struct flow_record r = { .id = 7, .proto = "tcp", .host = "a.b.kion.cloud", .via = "sni", .out = 10, .in = 20,
		.began = 1.0, .reason = CLOSE_DONE, .verdict = { .action = ACTION_DIRECT } };

	addr_parse("192.0.2.2", 50312, &r.peer);
	addr_parse("203.0.113.7", 443, &r.dst);
	record("{}", &r);
	assert_string_equal(quiet_log.last, "flow id=7 proto=tcp src=192.0.2.2:50312 dst=203.0.113.7:443 host=a.b.kion.cloud via=sni"
	    " rule=- action=direct proxy=- out=10 in=20 ms=500 close=done");
	record("{\"log\":{\"hosts\":\"domain\"}}", &r);
	assert_non_null(strstr(quiet_log.last, "dst=- host=*.kion.cloud "));
	record("{\"log\":{\"hosts\":\"none\"}}", &r);
	assert_non_null(strstr(quiet_log.last, "dst=- host=- "));
	record("{\"log\":{\"flows\":\"none\"}}", &r);
	assert_string_equal(quiet_log.last, "");
	record("{\"log\":{\"flows\":\"proxied\"}}", &r);
	assert_string_equal(quiet_log.last, "");
	record("{\"log\":{\"flows\":\"errors\"}}", &r);
	assert_string_equal(quiet_log.last, "");
	r.reason = CLOSE_SERVER_RESET;
	record("{\"log\":{\"flows\":\"errors\"}}", &r);
	assert_non_null(strstr(quiet_log.last, "close=server-reset"));
}

TEST(flow_log_leaves_out_and_counts_what_is_too_much)
{
	struct flow_record r = { .id = 7, .proto = "tcp", .via = VIA_IP };
	struct conf conf = { .log = { .rate = 10 } };
	struct flow_log few = { .left_out = 0 };

	quiet_log.lines = 0;
	for (unsigned i = 0; i < 100; i++)
		flow_log(&few, &conf, &r, 5.);
	assert_int_equal(quiet_log.lines, 10);
	flow_log(&few, &conf, &r, 6.);
	assert_int_equal(quiet_log.lines, 12);
	assert_int_equal(few.left_out, 0);
}

TEST(flow_log_writes_json_that_hides_as_much)
{
	struct flow_record r = { .id = 7, .proto = "tcp", .host = "a.b.kion.cloud", .via = VIA_IP, .out = 10,
		.began = 1.0 };

	addr_parse("203.0.113.7", 443, &r.dst);
	quiet_log.json = true;
	record("{\"log\":{\"hosts\":\"domain\"}}", &r);
	quiet_log.json = false;
	assert_non_null(strstr(quiet_log.last, "\"flow\":{\"id\":7,\"protocol\":\"tcp\""));
	assert_non_null(strstr(quiet_log.last, "\"destination\":null,\"host\":\"*.kion.cloud\""));
	assert_non_null(strstr(quiet_log.last, "\"out\":10,\"in\":0,\"age_s\":0.500,\"close\":\"done\"}"));
}

RUN_TESTS(setup, teardown)
