#include "config.h"

#include <time.h>

#include "../test.h"

#include "conf/rule.h"

#define PROXIES "\"proxies\":[" \
    "{\"id\":1,\"host\":\"a.example\",\"port\":1080,\"proxy_type\":\"Socks5\"}," \
    "{\"id\":2,\"host\":\"b.example\",\"port\":1080,\"proxy_type\":\"Socks5\",\"enabled\":false}," \
    "{\"id\":3,\"host\":\"c.example\",\"port\":8080,\"proxy_type\":\"Http\"}]"

static const struct rule_query any_flow = { "a.example", NULL, IPPROTO_TCP, 80, RULE_USER_UNKNOWN };

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
	struct rule_query q = { host, dst != NULL ? &a : NULL, proto, port, RULE_USER_UNKNOWN };
	struct verdict v;

	if (dst != NULL)
		assert_int_equal(addr_parse(dst, port, &a), 0);
	v = rule_match(c, &q);
	if (v.rule != NULL)
		assert_int_equal(v.action, v.rule->action);
	return v.rule != NULL ? v.rule->id : 0;
}

TEST(rule_first_match_wins)
{
	struct conf *c = conf("\"rules\":["
	    "{\"id\":10,\"pattern\":\"a.kion.cloud\",\"action\":\"block\"},"
	    "{\"id\":20,\"pattern\":\"*.kion.cloud\",\"proxy_id\":1},"
	    "{\"id\":30,\"pattern\":\"*\",\"action\":\"direct\"}]");

	assert_int_equal(winner(c, "a.kion.cloud", NULL, IPPROTO_TCP, 443), 10);
	assert_int_equal(winner(c, "b.kion.cloud", NULL, IPPROTO_TCP, 443), 20);
	assert_int_equal(winner(c, "kion.cloud", NULL, IPPROTO_TCP, 443), 30);
	assert_int_equal(winner(c, NULL, "192.0.2.1", IPPROTO_TCP, 443), 30);
	conf_free(c);
}

TEST(rule_wildcard_does_not_match_apex)
{
	struct conf *c = conf("\"rules\":[{\"id\":1,\"pattern\":\"*.kion.cloud\",\"proxy_id\":1}]");

	assert_int_equal(winner(c, "kion.cloud", "192.0.2.1", IPPROTO_TCP, 443), 0);
	assert_int_equal(winner(c, "x.kion.cloud", "192.0.2.1", IPPROTO_TCP, 443), 1);
	conf_free(c);
}

TEST(rule_disabled_is_passed_over)
{
	struct conf *c = conf("\"rules\":["
	    "{\"id\":1,\"pattern\":\"*\",\"proxy_id\":2,\"enabled\":false},"
	    "{\"id\":2,\"pattern\":\"*\",\"proxy_id\":1}]");

	assert_int_equal(winner(c, "example.com", NULL, IPPROTO_TCP, 80), 2);
	conf_free(c);
}

TEST(rule_limits_by_port_and_protocol)
{
	struct conf *c = conf("\"rules\":["
	    "{\"id\":1,\"pattern\":\"*\",\"proxy_id\":1,\"ports\":\"443,8000-8999\",\"protocol\":\"tcp\"},"
	    "{\"id\":2,\"pattern\":\"*\",\"action\":\"block\",\"ports\":\"443\"}]");

	assert_int_equal(winner(c, "a.example", NULL, IPPROTO_TCP, 443), 1);
	assert_int_equal(winner(c, "a.example", NULL, IPPROTO_TCP, 8000), 1);
	assert_int_equal(winner(c, "a.example", NULL, IPPROTO_TCP, 8999), 1);
	assert_int_equal(winner(c, "a.example", NULL, IPPROTO_TCP, 9000), 0);
	assert_int_equal(winner(c, "a.example", NULL, IPPROTO_UDP, 443), 2);
	assert_int_equal(winner(c, "a.example", NULL, IPPROTO_UDP, 8000), 0);
	conf_free(c);
}

TEST(rule_of_a_dns_query_counts_when_it_proxies_some_port)
{
	struct conf *c = conf("\"rules\":[{\"id\":1,\"pattern\":\"*.kion.cloud\",\"proxy_id\":1,\"ports\":\"443\","
	    "\"protocol\":\"tcp\"}]");

	assert_int_equal(winner(c, "a.kion.cloud", NULL, 0, 0), 1);
	conf_free(c);
}

TEST(rule_that_blocks_some_ports_does_not_decide_a_dns_query)
{
	struct conf *c = conf("\"rules\":["
	    "{\"id\":1,\"pattern\":\"*.a.example\",\"action\":\"block\",\"ports\":\"25\"},"
	    "{\"id\":2,\"pattern\":\"*.a.example\",\"action\":\"direct\",\"protocol\":\"udp\"},"
	    "{\"id\":3,\"pattern\":\"*.a.example\",\"proxy_id\":1},"
	    "{\"id\":4,\"pattern\":\"*.b.example\",\"action\":\"block\"}]");

	assert_int_equal(winner(c, "x.a.example", NULL, 0, 0), 3);
	assert_int_equal(winner(c, "x.b.example", NULL, 0, 0), 4);
	assert_int_equal(winner(c, "x.a.example", NULL, IPPROTO_TCP, 25), 1);
	conf_free(c);
}

TEST(rule_with_addresses_never_decides_a_dns_query)
{
	struct conf *c = conf("\"rules\":[{\"id\":1,\"pattern\":\"0.0.0.0/0\",\"proxy_id\":1}]");

	assert_int_equal(winner(c, "a.example", NULL, 0, 0), 0);
	assert_int_equal(winner(c, "a.example", "192.0.2.1", IPPROTO_TCP, 80), 1);
	conf_free(c);
}

TEST(rule_for_ipv4_addresses_holds_for_their_forms_in_ipv6)
{
	struct conf *c = conf("\"rules\":[{\"id\":1,\"pattern\":\"64:ff9b::192.0.2.2\",\"action\":\"direct\"},"
	    "{\"id\":2,\"pattern\":\"192.0.2.0/24\",\"proxy_id\":1},{\"id\":3,\"pattern\":\"2001:db8::/32\",\"action\":\"block\"}],"
	    "\"dns\":{\"nat64\":[\"2001:db8:64::/48\"]}");

	assert_int_equal(winner(c, NULL, "64:ff9b::192.0.2.1", IPPROTO_TCP, 443), 2);
	assert_int_equal(winner(c, NULL, "64:ff9b::192.0.2.2", IPPROTO_TCP, 443), 1);
	assert_int_equal(winner(c, NULL, "64:ff9b::192.0.3.1", IPPROTO_TCP, 443), 0);
	assert_int_equal(winner(c, NULL, "64:ff9b:1::192.0.2.1", IPPROTO_TCP, 443), 0);
	assert_int_equal(winner(c, NULL, "2001:db8:64:c000:2:100::", IPPROTO_TCP, 443), 2);
	assert_int_equal(winner(c, NULL, "2001:db8:64:c000:3:100::", IPPROTO_TCP, 443), 3);
	conf_free(c);
}

TEST(rule_ignores_case_and_final_dot)
{
	struct conf *c = conf("\"rules\":["
	    "{\"id\":1,\"pattern\":\"Example.COM\",\"proxy_id\":1},"
	    "{\"id\":2,\"pattern\":\"*.Kion.Cloud.\",\"proxy_id\":1},"
	    "{\"id\":3,\"pattern\":\"KION.*\",\"proxy_id\":1}]");

	assert_int_equal(winner(c, "eXample.com", NULL, IPPROTO_TCP, 443), 1);
	assert_int_equal(winner(c, "EXAMPLE.COM.", NULL, IPPROTO_TCP, 443), 1);
	assert_int_equal(winner(c, "A.KION.cloud.", NULL, IPPROTO_TCP, 443), 2);
	assert_int_equal(winner(c, "kion.cloud.", NULL, IPPROTO_TCP, 443), 3);
	assert_int_equal(winner(c, "kion.", NULL, IPPROTO_TCP, 443), 0);
	assert_int_equal(winner(c, ".", NULL, IPPROTO_TCP, 443), 0);
	conf_free(c);
}

TEST(rule_matches_any_pattern_of_its_list)
{
	struct conf *c = conf("\"rules\":[{\"id\":1,\"pattern\":\" *.a.b ; c;10.0.0.0/8;2001:db8::/32\\t\",\"proxy_id\":1}]");

	assert_int_equal(winner(c, "x.a.b", NULL, IPPROTO_TCP, 443), 1);
	assert_int_equal(winner(c, "c", "192.0.2.1", IPPROTO_TCP, 443), 1);
	assert_int_equal(winner(c, "a.b", NULL, IPPROTO_TCP, 443), 0);
	assert_int_equal(winner(c, "a.b", "10.1.1.1", IPPROTO_TCP, 443), 1);
	assert_int_equal(winner(c, NULL, "2001:db8:ffff::1", IPPROTO_TCP, 443), 1);
	assert_int_equal(winner(c, NULL, "2001:db9::1", IPPROTO_TCP, 443), 0);
	conf_free(c);
}

/* Names and addresses of few letters, so that many patterns overlap. */
static void
random_name(char *out, unsigned labels)
{
	static const char *const words[] = { "a", "b", "kion", "x-1" };

	for (*out = '\0'; labels > 0; labels--) {
		strcat(out, words[rand() % 4]);
		strcat(out, labels > 1 ? "." : "");
	}
}

static void
random_network(char *out, bool host)
{
	struct network n = { .family = rand() % 2 ? AF_INET : AF_INET6 };
	unsigned bits = n.family == AF_INET ? 32 : 128;
	char text[ADDR_TEXT_MAX];

	for (unsigned i = 0; i < bits / 8; i++)
		n.bytes[i] = rand() % 3 == 0 ? 0x80 : 0;
	network_cut(&n, host ? bits : (unsigned)rand() % (bits + 1));
	network_format(&n, text);
	if (host)
		*strchr(text, '/') = '\0';
	strcpy(out, text);
}

static void
random_pattern(char *out)
{
	char body[ADDR_TEXT_MAX];

	random_name(body, 1 + (unsigned)rand() % 3);
	switch (rand() % 12) {
	case 0: strcpy(out, "*"); break;
	case 1: case 2: case 3: random_network(out, false); break;
	case 4: case 5: sprintf(out, "%s.*", body); break;
	case 6: case 7: case 8: sprintf(out, "*.%s", body); break;
	default: strcpy(out, body);
	}
}

/* The patterns of the manual page, one by one. */
static bool
slow_match(const char *pattern, const char *host, const union addr *dst)
{
	size_t len = strlen(pattern), hlen = host != NULL ? strlen(host) : 0;
	struct network n;

	if (strcmp(pattern, "*") == 0)
		return true;
	if (network_parse(pattern, &n) == 0)
		return dst != NULL && network_contains(&n, dst);
	if (pattern[0] == '*')
		return hlen > len - 1 && strcmp(host + hlen - (len - 1), pattern + 1) == 0;
	if (pattern[len - 1] == '*')
		return hlen > len - 1 && strncmp(host, pattern, len - 1) == 0;
	return hlen == len && strcmp(host, pattern) == 0;
}

struct slow_rule { char patterns[3][ADDR_TEXT_MAX]; bool udp, enabled; };

TEST(rule_found_by_hash_is_the_one_found_one_by_one)
{
	struct slow_rule slow[24];
	char text[8192], host[128], dst[ADDR_TEXT_MAX];
	const unsigned seed = (unsigned)time(NULL);
	union addr a;

	srand(seed);
	for (int round = 0; round < 300; round++) {
		size_t n = 1 + (size_t)rand() % 24, used = (size_t)sprintf(text, "\"rules\":[");
		struct conf *c;

		for (size_t i = 0; i < n; i++) {
			struct slow_rule *r = &slow[i];

			for (size_t k = 0; k < 3; k++)
				random_pattern(r->patterns[k]);
			r->udp = rand() % 4 == 0;
			r->enabled = rand() % 8 != 0;
			used += (size_t)sprintf(text + used, "%s{\"id\":%zu,\"pattern\":\"%s;%s;%s\",\"proxy_id\":1%s%s}", i > 0 ? "," : "",
			    i + 1, r->patterns[0], r->patterns[1], r->patterns[2], r->udp ? ",\"protocol\":\"udp\"" : "",
			    r->enabled ? "" : ",\"enabled\":false");
		}
		strcpy(text + used, "]");
		c = conf(text);
		for (int ask = 0; ask < 300; ask++) {
			bool named = rand() % 4 != 0, placed = rand() % 4 != 0;
			unsigned want = 0;

			random_name(host, 1 + (unsigned)rand() % 4);
			random_network(dst, true);
			assert_int_equal(addr_parse(dst, 0, &a), 0);
			for (size_t i = 0; i < n && want == 0; i++)
				for (size_t k = 0; k < 3 && slow[i].enabled && !slow[i].udp; k++)
					if (slow_match(slow[i].patterns[k], named ? host : NULL, placed ? &a : NULL))
						want = (unsigned)i + 1;
			if (winner(c, named ? host : NULL, placed ? dst : NULL, IPPROTO_TCP, 80) != want)
				fail_msg("seed %u: %s %s in %s: not rule %u", seed, named ? host : "-", placed ? dst : "-", text, want);
		}
		conf_free(c);
	}
}

TEST(rule_with_a_user_counts_for_that_user_only)
{
	struct conf *c = conf("\"rules\":[{\"id\":1,\"pattern\":\"*\",\"action\":\"block\",\"user\":\"1000\"},"
	    "{\"id\":2,\"pattern\":\"*\",\"proxy_id\":1,\"user\":\"1001\"},{\"id\":3,\"pattern\":\"*\",\"action\":\"direct\"}]");
	struct rule_query q = any_flow;

	assert_int_equal(rule_match(c, &q).rule->id, 3);
	q.user = 0;
	assert_int_equal(rule_match(c, &q).rule->id, 3);
	q.user = 1000;
	assert_int_equal(rule_match(c, &q).rule->id, 1);
	q.user = 1001;
	assert_int_equal(rule_match(c, &q).rule->id, 2);
	c->rules[0].uid = RULE_USER_UNKNOWN;    /* a user that this host does not know */
	q.user = RULE_USER_UNKNOWN;
	assert_int_equal(rule_match(c, &q).rule->id, 3);
	/* A forwarder does not know the user of a query: the name must not leak, nor be refused to others. */
	assert_int_equal(rule_match(c, &(struct rule_query){ .host = "a.example" }).rule->id, 2);
	conf_free(c);
}

TEST(rule_tells_what_may_happen_to_any_flow_of_a_name)
{
	/* With the default action "direct", then with "proxy". */
	static const struct { const char *rules; bool may_catch[2], always_proxied[2]; } rows[] = {
		{ "", { false, true }, { false, true } },
		{ "{\"id\":1,\"pattern\":\"*.a\",\"proxy_id\":1}", { true, true }, { true, true } },
		{ "{\"id\":1,\"pattern\":\"*.b\",\"proxy_id\":1}", { false, true }, { false, true } },
		{ "{\"id\":1,\"pattern\":\"*.a\",\"action\":\"block\"}", { true, true }, { false, false } },
		{ "{\"id\":1,\"pattern\":\"*.a\",\"action\":\"direct\"},{\"id\":2,\"pattern\":\"*\",\"proxy_id\":1}",
		    { false, false }, { false, false } },
		{ "{\"id\":1,\"pattern\":\"*.a\",\"proxy_id\":1},{\"id\":2,\"pattern\":\"*\",\"action\":\"direct\"}",
		    { true, true }, { true, true } },
		{ "{\"id\":1,\"pattern\":\"*.a\",\"proxy_id\":1,\"ports\":\"443\"}", { true, true }, { false, true } },
		{ "{\"id\":1,\"pattern\":\"*.a\",\"proxy_id\":1,\"ports\":\"443\"},{\"id\":2,\"pattern\":\"x.*\",\"proxy_id\":1}",
		    { true, true }, { true, true } },
		{ "{\"id\":1,\"pattern\":\"*\",\"action\":\"direct\",\"protocol\":\"udp\"},{\"id\":2,\"pattern\":\"x.a\",\"proxy_id\":1}",
		    { true, true }, { false, false } },
		{ "{\"id\":1,\"pattern\":\"0.0.0.0/0\",\"proxy_id\":1}", { false, true }, { false, true } },
	};
	char text[1024];

	for (size_t i = 0; i < 2 * sizeof(rows) / sizeof(rows[0]); i++) {
		struct conf *c;

		snprintf(text, sizeof(text), "\"rules\":[%s],\"default_action\":\"%s\"", rows[i / 2].rules, i % 2 ? "proxy" : "direct");
		c = conf(text);
		if ((rule_strictest(c, "X.a.") != ACTION_DIRECT) != rows[i / 2].may_catch[i % 2])
			fail_msg("may catch: %s", text);
		if (rule_always_proxied(c, "X.a.") != rows[i / 2].always_proxied[i % 2])
			fail_msg("always proxied: %s", text);
		conf_free(c);
	}
}

TEST(rule_gives_its_enabled_proxies_in_order)
{
	struct conf *c = conf("\"rules\":[{\"id\":1,\"pattern\":\"*\",\"proxy_id\":[3,2,1]}]");
	struct verdict v = rule_match(c, &any_flow);

	assert_int_equal(v.action, ACTION_PROXY);
	assert_int_equal(v.nproxies, 2);
	assert_int_equal(v.proxies[0]->id, 3);
	assert_int_equal(v.proxies[1]->id, 1);
	conf_free(c);
}

TEST(rule_tells_whether_flows_of_a_name_have_one_proxy)
{
	static const struct { const char *text; bool one; } rows[] = {
		{ "{\"id\":1,\"pattern\":\"x.a\",\"proxy_id\":1}", true },
		{ "{\"id\":1,\"pattern\":\"x.a\",\"proxy_id\":[1,3]}", false },
		{ "{\"id\":1,\"pattern\":\"x.a\",\"ports\":\"80\",\"proxy_id\":1}", true },
		{ "{\"id\":1,\"pattern\":\"x.a\",\"ports\":\"80\",\"proxy_id\":3},"
		    "{\"id\":2,\"pattern\":\"*.a\",\"proxy_id\":1}", false },
		{ "{\"id\":1,\"pattern\":\"x.a\",\"proxy_id\":1},{\"id\":2,\"pattern\":\"*\",\"proxy_id\":3}", true },
		{ "{\"id\":1,\"pattern\":\"y.a\",\"proxy_id\":3},{\"id\":2,\"pattern\":\"x.a\",\"proxy_id\":1}", true },
	};
	char text[256];

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		snprintf(text, sizeof(text), "\"rules\":[%s]", rows[i].text);
		struct conf *c = conf(text);

		if (rule_has_one_proxy(c, "x.a", &c->proxies[0]) != rows[i].one)
			fail_msg("one proxy: %s", rows[i].text);
		conf_free(c);
	}
}

TEST(rule_default_action_applies_where_none_matches)
{
	static const struct { const char *text; enum action action; size_t nproxies; } rows[] = {
		{ "\"rules\":[]", ACTION_DIRECT, 0 },
		{ "\"default_action\":\"block\"", ACTION_BLOCK, 0 },
		{ "\"default_action\":\"proxy\"", ACTION_PROXY, 2 },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct conf *c = conf(rows[i].text);
		struct verdict v = rule_match(c, &any_flow);

		assert_null(v.rule);
		assert_int_equal(v.action, rows[i].action);
		assert_int_equal(v.nproxies, rows[i].nproxies);
		conf_free(c);
	}
}

RUN_TESTS(NULL, NULL)
