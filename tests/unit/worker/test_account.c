#include "config.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include <stdio.h>
#include <string.h>

#include "worker/record/account.h"

static char logged[4096];
static unsigned lines;

static void
keep(const char *fmt, va_list args)
{
	vsnprintf(logged, sizeof(logged), fmt, args);
	lines++;
}

void log_info(const char *fmt, ...) { va_list args; va_start(args, fmt); keep(fmt, args); va_end(args); }
void log_warn(const char *fmt, ...) { va_list args; va_start(args, fmt); keep(fmt, args); va_end(args); }
void log_members(const char *members) { snprintf(logged, sizeof(logged), "%s", members); lines++; }
static bool json;
bool log_is_json(void) { return json; }

struct fixture {
	struct account     account;
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
	account_init(&fx.account, 0.);
	for (size_t i = 0; i < 3; i++) {
		fx.flows[i] = (struct flow_record){ .ops = &ops, .proto = "tcp", .reason = CLOSE_DONE };
		account_begin(&fx.account, &fx.flows[i]);
	}
	fx.flows[0].verdict = (struct verdict){ .action = ACTION_PROXY, .rule = &fx.rule };
	fx.flows[0].proxy = &fx.proxy;
	fx.flows[0].host = "a.kion.cloud";
	return 0;
}

static int
teardown(void **state)
{
	account_free(&fx.account);
	return 0;
}

static struct traffic
sum_of(struct tally *table)
{
	struct traffic sum = { 0 };

	for (struct tally *t = table; t != NULL; t = t->hh.next) {
		sum.active += t->traffic.active;
		sum.closed += t->traffic.closed;
		sum.failed += t->traffic.failed;
		sum.out += t->traffic.out;
		sum.in += t->traffic.in;
	}
	return sum;
}

static void
assert_sums_agree(void)
{
	struct traffic rules = sum_of(fx.account.rules), proxies = sum_of(fx.account.proxies);

	assert_memory_equal(&rules, &fx.account.all, sizeof(rules));
	assert_memory_equal(&proxies, &fx.account.all, sizeof(proxies));
}

static void
account_counts_each_byte_once_for_rule_and_proxy(void **state)
{
	account_settle(&fx.account);
	assert_int_equal(fx.account.all.active, 3);
	assert_int_equal(fx.account.all.out, 30);
	assert_sums_agree();
	account_settle(&fx.account);
	assert_int_equal(fx.account.all.in, 600);
	fx.flows[0].out += 5;
	account_end(&fx.account, &fx.conf, &fx.flows[0], 1.);
	assert_int_equal(fx.account.all.out, 65);
	assert_int_equal(fx.account.total[ACTION_PROXY], 1);
	account_settle(&fx.account);
	assert_int_equal(fx.account.all.active, 2);
	assert_int_equal(fx.account.all.closed, 1);
	assert_int_equal(fx.account.active[ACTION_DIRECT], 2);
	assert_sums_agree();
}

static void
account_a_proxy_known_late_gets_the_bytes(void **state)
{
	struct tally *proxy;
	unsigned id = 3;

	fx.flows[1].proxy = &fx.proxy;
	account_settle(&fx.account);
	HASH_FIND(hh, fx.account.proxies, &id, sizeof(id), proxy);
	assert_non_null(proxy);
	assert_int_equal(proxy->traffic.active, 2);
	assert_int_equal(proxy->traffic.out, 20);
}

static void
account_errors_are_told_from_ends(void **state)
{
	fx.flows[0].reason = CLOSE_PROXY_AUTH;
	fx.flows[1].reason = CLOSE_KILLED;
	for (size_t i = 0; i < 3; i++)
		account_end(&fx.account, &fx.conf, &fx.flows[i], 1.);
	assert_int_equal(fx.account.all.failed, 1);
	assert_int_equal(fx.account.closed[CLOSE_KILLED], 1);
	assert_int_equal(fx.account.count, 0);
	assert_sums_agree();
}

static void
account_measures_the_way_through_a_proxy(void **state)
{
	struct tally *proxy;
	unsigned id = 3;

	fx.flows[0].connect_s = 0.02;
	fx.flows[0].first_byte_s = 99.;
	account_end(&fx.account, &fx.conf, &fx.flows[0], 1.);
	HASH_FIND(hh, fx.account.proxies, &id, sizeof(id), proxy);
	assert_non_null(proxy);
	assert_int_equal(proxy->connect.counts[2], 1);
	assert_true(proxy->connect.sum > 0.019 && proxy->connect.sum < 0.021);
	assert_int_equal(proxy->first_byte.counts[ACCOUNT_BUCKETS], 1);
}

static void
account_keeps_the_hosts_with_the_most_bytes(void **state)
{
	struct flow_record r;
	struct tally *host;
	char name[32];

	for (unsigned i = 0; i < 3 * ACCOUNT_HOSTS; i++) {
		snprintf(name, sizeof(name), "h%u.example", i);
		r = (struct flow_record){ .ops = &ops, .proto = "tcp", .host = name, .in = i == 5 ? 1000000 : i };
		account_begin(&fx.account, &r);
		account_end(&fx.account, &fx.conf, &r, 1.);
	}
	assert_int_equal(HASH_COUNT(fx.account.hosts), ACCOUNT_HOSTS);
	HASH_FIND_STR(fx.account.hosts, "h5.example", host);
	assert_non_null(host);
	HASH_FIND_STR(fx.account.hosts, "h6.example", host);
	assert_null(host);
}

static void
account_lists_live_flows_by_id(void **state)
{
	assert_ptr_equal(account_next(&fx.account, 0), &fx.flows[0]);
	account_end(&fx.account, &fx.conf, &fx.flows[1], 1.);
	assert_ptr_equal(account_next(&fx.account, fx.flows[0].id), &fx.flows[2]);
	assert_null(account_next(&fx.account, fx.flows[2].id));
}

static void
account_tells_who_watches(void **state)
{
	fx.account.watch = watch;
	fx.account.watch_arg = &fx;
	account_decided(&fx.account, &fx.flows[0]);
	account_end(&fx.account, &fx.conf, &fx.flows[0], 1.);
	assert_int_equal(fx.watched, 2);
	assert_int_equal(fx.ended, 1);
}

static void
account_a_dns_query_is_no_flow(void **state)
{
	struct flow_record r = { .id = account_id(&fx.account), .proto = "dns", .host = "x.example", .in = 50 };

	account_end(&fx.account, &fx.conf, &r, 1.);
	assert_int_equal(fx.account.count, 3);
	assert_int_equal(fx.account.all.in, 0);
	assert_int_equal(HASH_COUNT(fx.account.hosts), 0);
}

/* ---- the log ---- */

static struct flow_log many;

static void
record(const char *text, struct flow_record *r)
{
	struct conf_report report = { .error = "" };
	struct conf *conf = conf_parse("test", text, strlen(text), &report);

	assert_non_null(conf);
	logged[0] = '\0';
	flow_log(&many, conf, r, 1.5);
	conf_free(conf);
}

static void
flow_log_writes_one_line_a_flow(void **state)
{
	struct flow_record r = { .id = 7, .proto = "tcp", .host = "a.b.kion.cloud", .via = VIA_SNI, .out = 10, .in = 20,
		.began = 1.0, .reason = CLOSE_DONE, .verdict = { .action = ACTION_DIRECT } };

	addr_parse("192.0.2.2", 50312, &r.peer);
	addr_parse("203.0.113.7", 443, &r.dst);
	record("{}", &r);
	assert_string_equal(logged, "flow id=7 proto=tcp src=192.0.2.2:50312 dst=203.0.113.7:443 host=a.b.kion.cloud via=sni"
	    " rule=- action=direct proxy=- out=10 in=20 ms=500 close=done");
	record("{\"log\":{\"hosts\":\"domain\"}}", &r);
	assert_non_null(strstr(logged, "dst=- host=*.kion.cloud "));
	record("{\"log\":{\"hosts\":\"none\"}}", &r);
	assert_non_null(strstr(logged, "dst=- host=- "));
	record("{\"log\":{\"flows\":\"none\"}}", &r);
	assert_string_equal(logged, "");
	record("{\"log\":{\"flows\":\"proxied\"}}", &r);
	assert_string_equal(logged, "");
	record("{\"log\":{\"flows\":\"errors\"}}", &r);
	assert_string_equal(logged, "");
	r.reason = CLOSE_SERVER_RESET;
	record("{\"log\":{\"flows\":\"errors\"}}", &r);
	assert_non_null(strstr(logged, "close=server-reset"));
}

static void
flow_log_leaves_out_and_counts_what_is_too_much(void **state)
{
	struct flow_record r = { .id = 7, .proto = "tcp" };
	struct conf conf = { .log = { .rate = 10 } };
	struct flow_log few = { .left_out = 0 };

	lines = 0;
	for (unsigned i = 0; i < 100; i++)
		flow_log(&few, &conf, &r, 5.);
	assert_int_equal(lines, 10);
	flow_log(&few, &conf, &r, 6.);
	assert_int_equal(lines, 12);
	assert_int_equal(few.left_out, 0);
}

static void
flow_log_writes_json_that_hides_as_much(void **state)
{
	struct flow_record r = { .id = 7, .proto = "tcp", .host = "a.b.kion.cloud", .out = 10, .began = 1.0 };

	addr_parse("203.0.113.7", 443, &r.dst);
	json = true;
	record("{\"log\":{\"hosts\":\"domain\"}}", &r);
	json = false;
	assert_non_null(strstr(logged, "\"flow\":{\"id\":7,\"protocol\":\"tcp\""));
	assert_non_null(strstr(logged, "\"destination\":null,\"host\":\"*.kion.cloud\""));
	assert_non_null(strstr(logged, "\"out\":10,\"in\":0,\"age_s\":0.500,\"close\":\"done\"}"));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(account_counts_each_byte_once_for_rule_and_proxy, setup, teardown),
		cmocka_unit_test_setup_teardown(account_a_proxy_known_late_gets_the_bytes, setup, teardown),
		cmocka_unit_test_setup_teardown(account_errors_are_told_from_ends, setup, teardown),
		cmocka_unit_test_setup_teardown(account_measures_the_way_through_a_proxy, setup, teardown),
		cmocka_unit_test_setup_teardown(account_keeps_the_hosts_with_the_most_bytes, setup, teardown),
		cmocka_unit_test_setup_teardown(account_lists_live_flows_by_id, setup, teardown),
		cmocka_unit_test_setup_teardown(account_tells_who_watches, setup, teardown),
		cmocka_unit_test_setup_teardown(account_a_dns_query_is_no_flow, setup, teardown),
		cmocka_unit_test(flow_log_writes_one_line_a_flow),
		cmocka_unit_test(flow_log_leaves_out_and_counts_what_is_too_much),
		cmocka_unit_test(flow_log_writes_json_that_hides_as_much),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
