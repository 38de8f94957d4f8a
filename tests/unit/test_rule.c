#include "config.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "rule.h"

#define PROXIES "\"proxies\":[" \
    "{\"id\":1,\"host\":\"a.example\",\"port\":1080,\"proxy_type\":\"Socks5\"}," \
    "{\"id\":2,\"host\":\"b.example\",\"port\":1080,\"proxy_type\":\"Socks5\",\"enabled\":false}," \
    "{\"id\":3,\"host\":\"c.example\",\"port\":8080,\"proxy_type\":\"Http\"}]"

static struct conf *
conf(const char *rules)
{
	static struct conf_report report;
	char text[4096];
	struct conf *c;

	memset(&report, 0, sizeof(report));
	snprintf(text, sizeof(text), "{" PROXIES ",%s}", rules);
	c = conf_parse("test", text, strlen(text), &report);
	if (c == NULL)
		fail_msg("%s", report.error);
	return c;
}

/* The id of the rule that wins; 0: the default action. */
static unsigned
winner(const struct conf *c, const char *host, const char *dst, int proto, uint16_t port)
{
	union addr a = addr_none;
	struct rule_query q = { host, dst != NULL ? &a : NULL, proto, port };
	struct verdict v;

	if (dst != NULL)
		assert_int_equal(addr_parse(dst, port, &a), 0);
	v = rule_match(c, &q);
	if (v.rule != NULL)
		assert_int_equal(v.action, v.rule->action);
	return v.rule != NULL ? v.rule->id : 0;
}

static void
rule_first_match_wins(void **state)
{
	struct conf *c = conf("\"rules\":["
	    "{\"id\":10,\"pattern\":\"a.kion.cloud\",\"action\":\"block\"},"
	    "{\"id\":20,\"pattern\":\"*.kion.cloud\",\"proxy_id\":1},"
	    "{\"id\":30,\"pattern\":\"*\",\"action\":\"direct\"}]");

	(void)state;
	assert_int_equal(winner(c, "a.kion.cloud", NULL, IPPROTO_TCP, 443), 10);
	assert_int_equal(winner(c, "b.kion.cloud", NULL, IPPROTO_TCP, 443), 20);
	assert_int_equal(winner(c, "kion.cloud", NULL, IPPROTO_TCP, 443), 30);
	assert_int_equal(winner(c, NULL, "192.0.2.1", IPPROTO_TCP, 443), 30);
	conf_free(c);
}

static void
rule_wildcard_does_not_match_apex(void **state)
{
	struct conf *c = conf("\"rules\":[{\"id\":1,\"pattern\":\"*.kion.cloud\",\"proxy_id\":1}]");

	(void)state;
	assert_int_equal(winner(c, "kion.cloud", "192.0.2.1", IPPROTO_TCP, 443), 0);
	assert_int_equal(winner(c, "x.kion.cloud", "192.0.2.1", IPPROTO_TCP, 443), 1);
	conf_free(c);
}

static void
rule_disabled_is_passed_over(void **state)
{
	struct conf *c = conf("\"rules\":["
	    "{\"id\":1,\"pattern\":\"*\",\"proxy_id\":2,\"enabled\":false},"
	    "{\"id\":2,\"pattern\":\"*\",\"proxy_id\":1}]");

	(void)state;
	assert_int_equal(winner(c, "example.com", NULL, IPPROTO_TCP, 80), 2);
	conf_free(c);
}

static void
rule_limits_by_port_and_protocol(void **state)
{
	struct conf *c = conf("\"rules\":["
	    "{\"id\":1,\"pattern\":\"*\",\"proxy_id\":1,\"ports\":\"443,8000-8999\",\"protocol\":\"tcp\"},"
	    "{\"id\":2,\"pattern\":\"*\",\"action\":\"block\",\"ports\":\"443\"}]");

	(void)state;
	assert_int_equal(winner(c, "a.example", NULL, IPPROTO_TCP, 443), 1);
	assert_int_equal(winner(c, "a.example", NULL, IPPROTO_TCP, 8000), 1);
	assert_int_equal(winner(c, "a.example", NULL, IPPROTO_TCP, 8999), 1);
	assert_int_equal(winner(c, "a.example", NULL, IPPROTO_TCP, 9000), 0);
	assert_int_equal(winner(c, "a.example", NULL, IPPROTO_UDP, 443), 2);
	assert_int_equal(winner(c, "a.example", NULL, IPPROTO_UDP, 8000), 0);
	conf_free(c);
}

static void
rule_of_a_dns_query_counts_when_it_proxies_some_port(void **state)
{
	struct conf *c = conf("\"rules\":[{\"id\":1,\"pattern\":\"*.kion.cloud\",\"proxy_id\":1,\"ports\":\"443\","
	    "\"protocol\":\"tcp\"}]");

	(void)state;
	assert_int_equal(winner(c, "a.kion.cloud", NULL, 0, 0), 1);
	conf_free(c);
}

static void
rule_that_blocks_some_ports_does_not_decide_a_dns_query(void **state)
{
	struct conf *c = conf("\"rules\":["
	    "{\"id\":1,\"pattern\":\"*.a.example\",\"action\":\"block\",\"ports\":\"25\"},"
	    "{\"id\":2,\"pattern\":\"*.a.example\",\"action\":\"direct\",\"protocol\":\"udp\"},"
	    "{\"id\":3,\"pattern\":\"*.a.example\",\"proxy_id\":1},"
	    "{\"id\":4,\"pattern\":\"*.b.example\",\"action\":\"block\"}]");

	(void)state;
	assert_int_equal(winner(c, "x.a.example", NULL, 0, 0), 3);
	assert_int_equal(winner(c, "x.b.example", NULL, 0, 0), 4);
	assert_int_equal(winner(c, "x.a.example", NULL, IPPROTO_TCP, 25), 1);
	conf_free(c);
}

static void
rule_with_addresses_never_decides_a_dns_query(void **state)
{
	struct conf *c = conf("\"rules\":[{\"id\":1,\"pattern\":\"0.0.0.0/0\",\"proxy_id\":1}]");

	(void)state;
	assert_int_equal(winner(c, "a.example", NULL, 0, 0), 0);
	assert_int_equal(winner(c, "a.example", "192.0.2.1", IPPROTO_TCP, 80), 1);
	conf_free(c);
}

static void
rule_gives_its_enabled_proxies_in_order(void **state)
{
	struct conf *c = conf("\"rules\":[{\"id\":1,\"pattern\":\"*\",\"proxy_id\":[3,2,1]}]");
	struct verdict v = rule_match(c, &(struct rule_query){ "a.example", NULL, IPPROTO_TCP, 80 });

	(void)state;
	assert_int_equal(v.action, ACTION_PROXY);
	assert_int_equal(v.nproxies, 2);
	assert_int_equal(v.proxies[0]->id, 3);
	assert_int_equal(v.proxies[1]->id, 1);
	conf_free(c);
}

static void
rule_default_action_applies_where_none_matches(void **state)
{
	static const struct { const char *text; enum action action; size_t nproxies; } rows[] = {
		{ "\"rules\":[]", ACTION_DIRECT, 0 },
		{ "\"default_action\":\"block\"", ACTION_BLOCK, 0 },
		{ "\"default_action\":\"proxy\"", ACTION_PROXY, 2 },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct conf *c = conf(rows[i].text);
		struct verdict v = rule_match(c, &(struct rule_query){ "a.example", NULL, IPPROTO_TCP, 80 });

		assert_null(v.rule);
		assert_int_equal(v.action, rows[i].action);
		assert_int_equal(v.nproxies, rows[i].nproxies);
		conf_free(c);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(rule_first_match_wins),
		cmocka_unit_test(rule_wildcard_does_not_match_apex),
		cmocka_unit_test(rule_disabled_is_passed_over),
		cmocka_unit_test(rule_limits_by_port_and_protocol),
		cmocka_unit_test(rule_of_a_dns_query_counts_when_it_proxies_some_port),
		cmocka_unit_test(rule_that_blocks_some_ports_does_not_decide_a_dns_query),
		cmocka_unit_test(rule_with_addresses_never_decides_a_dns_query),
		cmocka_unit_test(rule_gives_its_enabled_proxies_in_order),
		cmocka_unit_test(rule_default_action_applies_where_none_matches),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
