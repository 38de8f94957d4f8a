#include "config.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include <stdio.h>
#include <string.h>

#include "account.h"

void log_info(const char *fmt, ...) { (void)fmt; }

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
	(void)state;
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
	(void)state;
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
	(void)state;
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

	(void)state;
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
	(void)state;
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

	(void)state;
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

	(void)state;
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
	(void)state;
	assert_ptr_equal(account_next(&fx.account, 0), &fx.flows[0]);
	account_end(&fx.account, &fx.conf, &fx.flows[1], 1.);
	assert_ptr_equal(account_next(&fx.account, fx.flows[0].id), &fx.flows[2]);
	assert_null(account_next(&fx.account, fx.flows[2].id));
}

static void
account_tells_who_watches(void **state)
{
	(void)state;
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

	(void)state;
	account_end(&fx.account, &fx.conf, &r, 1.);
	assert_int_equal(fx.account.count, 3);
	assert_int_equal(fx.account.all.in, 0);
	assert_int_equal(HASH_COUNT(fx.account.hosts), 0);
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
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
