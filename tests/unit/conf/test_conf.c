#include "config.h"

#include <sys/stat.h>
#include <syslog.h>

#include "../test.h"

#include "conf/conf.h"

#define PROXY(more) "{\"id\":1,\"host\":\"192.0.2.1\",\"port\":1080,\"proxy_type\":\"Socks5\"" more "}"
#define WITH_RULES(rules) "{\"proxies\":[" PROXY("") "],\n\"rules\":[" rules "]}"

static struct conf_report report;

static struct conf *
parse(const char *text)
{
	memset(&report, 0, sizeof(report));
	return conf_parse("f", text, strlen(text), &report);
}

static struct conf *
accepted(const char *text)
{
	struct conf *c = parse(text);

	if (c == NULL)
		fail_msg("%s\n%s", text, report.error);
	assert_string_equal(report.error, "");
	return c;
}

static char *
printed(const struct conf *c)
{
	char *text = NULL;
	size_t len;
	FILE *f = open_memstream(&text, &len);

	assert_non_null(f);
	conf_print(f, c);
	assert_int_equal(fclose(f), 0);
	return text;
}

TEST(conf_loads_the_smallest_useful_file)
{
	struct conf *c = accepted("{\n"
	    "  \"global_enabled\": true,\n"
	    "  \"proxies\": [ { \"id\": 1, \"name\": \"Corporate Proxy\", \"host\": \"192.168.0.115\", \"port\": 9702,\n"
	    "    \"proxy_type\": \"Socks5\", \"username\": \"user\", \"password\": \"pass\", \"enabled\": true } ],\n"
	    "  \"rules\": [ { \"id\": 1, \"name\": \"Corporate Domains\", \"pattern\": \"*.kion.cloud\",\n"
	    "    \"enabled\": true, \"proxy_id\": 1 } ]\n}");

	assert_int_equal(c->nproxies, 1);
	assert_string_equal(c->proxies[0].name, "Corporate Proxy");
	assert_string_equal(c->proxies[0].host, "192.168.0.115");
	assert_int_equal(c->proxies[0].port, 9702);
	assert_string_equal(c->proxies[0].kind->name, "Socks5");
	assert_string_equal(c->proxies[0].username, "user");
	assert_string_equal(c->proxies[0].password, "pass");
	assert_true(c->proxies[0].enabled);
	assert_int_equal(c->nrules, 1);
	assert_string_equal(c->rules[0].name, "Corporate Domains");
	assert_string_equal(c->rules[0].pattern, "*.kion.cloud");
	assert_int_equal(c->rules[0].npatterns, 1);
	assert_int_equal(c->rules[0].patterns[0].kind, PATTERN_BELOW);
	assert_int_equal(c->rules[0].action, ACTION_PROXY);
	assert_int_equal(c->rules[0].nproxies, 1);
	assert_ptr_equal(c->rules[0].proxies[0], &c->proxies[0]);
	assert_int_equal(report.nwarnings, 0);
	conf_free(c);
}

TEST(conf_defaults_are_those_of_the_manual)
{
	struct conf *c = accepted("{}");

	assert_true(c->global_enabled);
	assert_int_equal(c->nproxies + c->nrules, 0);
	assert_int_equal(c->default_action, ACTION_DIRECT);
	assert_int_equal(c->intercept.firewall, FIREWALL_AUTO);
	assert_string_equal(c->intercept.anchor, "interceptor");
	assert_int_equal(c->intercept.tcp_ports.count, 1);
	assert_true(port_list_contains(&c->intercept.tcp_ports, 1) && port_list_contains(&c->intercept.tcp_ports, 65535));
	assert_true(port_list_contains(&c->intercept.udp_ports, 1) && port_list_contains(&c->intercept.udp_ports, 65535));
	assert_int_equal(c->intercept.nexclude + c->intercept.ninterfaces, 0);
	assert_int_equal(c->intercept.on_failure, FAIL_OPEN);
	assert_int_equal(c->intercept.quic, QUIC_AUTO);
	assert_int_equal(c->listen.naddresses, 2);
	assert_int_equal(c->listen.port, 10080);
	assert_int_equal(c->listen.dns_port, 5353);
	assert_true(c->dns.enabled);
	assert_int_equal(c->dns.nservers, 0);
	assert_int_equal(c->dns.cache_entries, 10000);
	assert_int_equal(c->dns.ech, ECH_STRIP);
	assert_int_equal(c->dns.nnat64, 1);
	assert_int_equal(c->dns.nfake_ip, 0);
	assert_int_equal(c->dns.fake_ip_mode, FAKE_IP_AUTO);
	assert_string_equal(c->user, "_pfintercept");
	assert_int_equal(c->limits.connections, 10000);
	assert_int_equal(c->limits.per_client, 4096);
	assert_int_equal(c->limits.udp_sessions, 4096);
	assert_int_equal(c->limits.dns_queries, 1000);
	assert_int_equal(c->limits.names, 20000);
	assert_true(c->timeouts.connect == 10 && c->timeouts.handshake == 10 && c->timeouts.hello == 0.1);
	assert_true(c->timeouts.idle == 7200 && c->timeouts.half_open == 120 && c->timeouts.udp_idle == 60);
	assert_true(c->timeouts.dns == 5 && c->timeouts.drain == 5);
	assert_int_equal(c->log.level, LOG_INFO);
	assert_int_equal(c->log.facility, LOG_DAEMON);
	assert_int_equal(c->log.flows, LOG_FLOWS_ALL);
	assert_int_equal(c->log.hosts, LOG_HOSTS_FULL);
	conf_free(c);
}

/* Every supported key, none with its default. The rules are before their proxies. */
static const char every_key[] =
    "// a comment\n{ /* another */ \"global_enabled\": false, \"default_action\": \"proxy\", \"rules\": [\n"
    "  { \"id\": 7, \"name\": \"r\", \"pattern\": \"A.example; 10.*\", \"enabled\": false, \"proxy_id\": [2, 1], \"ports\":"
    " \"443, 80 ,81-90,8000-8999\", \"protocol\": \"udp\", \"action\": \"proxy\" },\n"
    "  { \"id\": 8, \"pattern\": \"*\", \"action\": \"block\" } ],\n"
    "\"proxies\": [\n"
    "  { \"id\": 1, \"host\": \"p.example\", \"port\": 3128, \"proxy_type\": \"HTTP\", \"username\": \"u\", \"password\": \"a:\\\"\\u00e9\","
    " \"dns_server\": \"[2001:db8::53]:5300\", \"interface\": \"eth0.1\" },\n"
    "  { \"id\": 2, \"name\": \"two\", \"host\": \"2001:db8::2\", \"port\": 1, \"proxy_type\": \"socks5\", \"enabled\": false } ],\n"
    "\"intercept\": { \"firewall\": \"none\", \"anchor\": \"my.anchor_1-x\", \"mode\": \"all\", \"tcp_ports\": \"80\", \"udp_ports\": \"\","
    " \"exclude\": [\"10.0.0.0/8\", \"2001:db8::1\"], \"interfaces\": [\"br0\", \"wg0\"], \"on_failure\": \"closed\", \"quic\": \"block\" },\n"
    "\"listen\": { \"addresses\": [\"0.0.0.0\"], \"port\": 1, \"dns_port\": 65535 },\n"
    "\"dns\": { \"enabled\": false, \"servers\": [\"192.0.2.53\", \"192.0.2.54:5300\"], \"cache_entries\": 0,\n"
    "\"ech\": \"Keep\", \"nat64\": [\"2001:db8:64::/96\"] }, \"user\": \"nobody\",\n"
    "\"limits\": { \"connections\": 1, \"per_client\": 2, \"udp_sessions\": 3, \"dns_queries\": 4, \"names\": 5 },\n"
    "\"timeouts\": { \"connect\": 1.5, \"handshake\": 2, \"hello\": 0.25, \"idle\": 3e2, \"half_open\": 4, \"udp_idle\": 5, \"dns\": 6,"
    " \"drain\": 0.7 },\n"
    "\"log\": { \"level\": \"debug\", \"facility\": \"local3\", \"flows\": \"errors\", \"hosts\": \"domain\" } }\n";

TEST(conf_reads_every_key)
{
	struct conf *c = accepted(every_key);
	char buf[ADDR_TEXT_MAX];

	assert_false(c->global_enabled);
	assert_int_equal(c->default_action, ACTION_PROXY);
	assert_int_equal(c->ndefault_proxies, 1);
	assert_ptr_equal(c->default_proxies[0], &c->proxies[0]);
	assert_string_equal(c->proxies[0].kind->name, "Http");
	assert_string_equal(c->proxies[0].name, "");
	assert_string_equal(c->proxies[0].password, "a:\"\xc3\xa9");
	assert_string_equal(addr_format(&c->proxies[0].dns_server, buf), "[2001:db8::53]:5300");
	assert_string_equal(c->proxies[0].interface, "eth0.1");
	assert_false(c->proxies[1].enabled);
	assert_null(c->proxies[1].username);
	assert_false(addr_is_set(&c->proxies[1].dns_server));
	assert_int_equal(c->proxies[1].index, 1);
	assert_false(c->rules[0].enabled);
	assert_int_equal(c->rules[0].nproxies, 2);
	assert_int_equal(c->rules[0].proxies[0]->id, 2);
	assert_int_equal(c->rules[0].protocol, IPPROTO_UDP);
	assert_int_equal(c->rules[0].ports.count, 3);
	assert_true(port_list_contains(&c->rules[0].ports, 90) && !port_list_contains(&c->rules[0].ports, 91));
	assert_int_equal(c->rules[1].action, ACTION_BLOCK);
	assert_int_equal(c->rules[1].protocol, 0);
	conf_free(c);
}

TEST(conf_reads_every_key_of_its_sections)
{
	struct conf *c = accepted(every_key);
	char buf[ADDR_TEXT_MAX];

	assert_int_equal(c->intercept.firewall, FIREWALL_NONE);
	assert_string_equal(c->intercept.anchor, "my.anchor_1-x");
	assert_true(port_list_contains(&c->intercept.tcp_ports, 80) && !port_list_contains(&c->intercept.tcp_ports, 81));
	assert_int_equal(c->intercept.udp_ports.count, 0);
	assert_int_equal(c->intercept.nexclude, 4); /* 10.0.0.0/8 also by each prefix of NAT64 */
	assert_string_equal(network_format(&c->intercept.exclude[0], buf), "10.0.0.0/8");
	assert_string_equal(network_format(&c->intercept.exclude[1], buf), "64:ff9b::a00:0/104");
	assert_string_equal(network_format(&c->intercept.exclude[2], buf), "2001:db8:64::a00:0/104");
	assert_int_equal(c->intercept.ninterfaces, 2);
	assert_string_equal(c->intercept.interfaces[1], "wg0");
	assert_int_equal(c->intercept.on_failure, FAIL_CLOSED);
	assert_int_equal(c->intercept.quic, QUIC_BLOCK);
	assert_int_equal(c->listen.naddresses, 1);
	assert_true(addr_is_any(&c->listen.addresses[0]));
	assert_int_equal(c->listen.port, 1);
	assert_int_equal(c->listen.dns_port, 65535);
	assert_false(c->dns.enabled);
	assert_string_equal(addr_format(&c->dns.servers[0], buf), "192.0.2.53:53");
	assert_string_equal(addr_format(&c->dns.servers[1], buf), "192.0.2.54:5300");
	assert_int_equal(c->dns.cache_entries, 0);
	assert_int_equal(c->dns.ech, ECH_KEEP);
	assert_int_equal(c->dns.nnat64, 2);
	assert_string_equal(network_format(&c->dns.nat64[1], buf), "2001:db8:64::/96");
	assert_string_equal(c->user, "nobody");
	assert_int_equal(c->limits.connections, 1);
	assert_int_equal(c->limits.per_client, 2);
	assert_int_equal(c->limits.udp_sessions, 3);
	assert_int_equal(c->limits.dns_queries, 4);
	assert_int_equal(c->limits.names, 5);
	assert_true(c->timeouts.connect == 1.5 && c->timeouts.handshake == 2 && c->timeouts.hello == 0.25);
	assert_true(c->timeouts.idle == 300 && c->timeouts.half_open == 4 && c->timeouts.udp_idle == 5);
	assert_true(c->timeouts.dns == 6 && c->timeouts.drain == 0.7);
	assert_int_equal(c->log.level, LOG_DEBUG);
	assert_int_equal(c->log.facility, LOG_LOCAL3);
	assert_int_equal(c->log.flows, LOG_FLOWS_ERRORS);
	assert_int_equal(c->log.hosts, LOG_HOSTS_DOMAIN);
	conf_free(c);
}

TEST(conf_print_is_read_back_as_the_same)
{
	static const char *const texts[] = { "{}", every_key, "{\"default_action\":\"block\",\"dns\":{\"servers\":\"system\"}}" };

	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		struct conf *c = accepted(texts[i]), *again;
		char *first = printed(c), *second;

		again = accepted(first);
		second = printed(again);
		assert_string_equal(first, second);
		free(first);
		free(second);
		conf_free(c);
		conf_free(again);
	}
}

TEST(conf_print_masks_passwords)
{
	struct conf *c = accepted("{\"proxies\":[" PROXY(",\"username\":\"me\",\"password\":\"hunter2\"") "]}");
	char *text = printed(c);

	assert_null(strstr(text, "hunter2"));
	assert_non_null(strstr(text, "\"password\": \"********\""));
	assert_non_null(strstr(text, "\"username\": \"me\""));
	free(text);
	conf_free(c);
}

TEST(conf_disabled_rule_may_name_a_disabled_proxy)
{
	struct conf *c = accepted("{\"proxies\":[" PROXY(",\"enabled\":false") "],"
	    "\"rules\":[{\"id\":1,\"pattern\":\"*\",\"proxy_id\":1,\"enabled\":false}]}");

	assert_int_equal(c->rules[0].nproxies, 1);
	conf_free(c);
}

TEST(conf_ports_are_sorted_and_joined)
{
	struct conf *c = accepted("{\"intercept\":{\"tcp_ports\":\"65535,100-200,150-160, 201 ,1,65534-65535,3\"}}");
	static const struct port_range want[] = { { 1, 1 }, { 3, 3 }, { 100, 201 }, { 65534, 65535 } };

	assert_int_equal(c->intercept.tcp_ports.count, 4);
	assert_memory_equal(c->intercept.tcp_ports.ranges, want, sizeof(want));
	conf_free(c);
}

/* Two rules, id 5 and id 6, and the expected warning ("": none). */
static void
overlap(const char *five, const char *six, const char *said)
{
	char text[1024];

	snprintf(text, sizeof(text), "{\"proxies\":[" PROXY("") "],\"rules\":[{\"id\":5,%s},\n{\"id\":6,%s}]}", five, six);
	conf_free(accepted(text));
	if (report.nwarnings > 1 || (report.nwarnings == 1) != (*said != '\0') || strstr(report.warnings[0], said) == NULL)
		fail_msg("%s: %u warnings: %s, not %s", text, report.nwarnings, report.warnings[0], said);
}

#define TO_PROXY ",\"proxy_id\":1"
#define BLOCK    ",\"action\":\"block\""

TEST(conf_warns_of_a_rule_that_never_matches)
{
	static const char never[] = "f:2:19: rules[1].pattern: rule 6 never matches, because rule 5 before it";
	static const struct { const char *five, *six; } rows[] = {
		{ "\"pattern\":\"a\"" TO_PROXY, "\"pattern\":\"A.\"" BLOCK },
		{ "\"pattern\":\"a\"" TO_PROXY, "\"pattern\":\"a\"" TO_PROXY },
		{ "\"pattern\":\"a\"" TO_PROXY, "\"pattern\":\"a\",\"ports\":\"25\"" BLOCK },
		{ "\"pattern\":\"*.b\"" TO_PROXY, "\"pattern\":\"*.a.b\"" BLOCK },
		{ "\"pattern\":\"*.b\"" TO_PROXY, "\"pattern\":\"a.b\"" BLOCK },
		{ "\"pattern\":\"a.*\"" TO_PROXY, "\"pattern\":\"a.b\"" BLOCK },
		{ "\"pattern\":\"a.*\"" TO_PROXY, "\"pattern\":\"a.b.*\"" BLOCK },
		{ "\"pattern\":\"*\"" TO_PROXY, "\"pattern\":\"*.b;10.0.0.0/8;a.*\"" BLOCK },
		{ "\"pattern\":\"10.*\"" TO_PROXY, "\"pattern\":\"10.1.0.0/16;10.2.3.4\"" BLOCK },
		{ "\"pattern\":\"x;2001:db8::/32;*.b\"" TO_PROXY, "\"pattern\":\"2001:db8:1::/48;c.b\"" BLOCK },
		{ "\"pattern\":\"a\",\"ports\":\"1-100,443\"" TO_PROXY, "\"pattern\":\"a\",\"ports\":\"25,80-90\"" BLOCK },
		{ "\"pattern\":\"a\",\"protocol\":\"tcp\"" TO_PROXY, "\"pattern\":\"a\",\"protocol\":\"tcp\"" BLOCK },
		{ "\"pattern\":\"a\",\"user\":\"1000\"" TO_PROXY, "\"pattern\":\"a\",\"user\":\"1000\"" BLOCK },
		{ "\"pattern\":\"a\"" TO_PROXY, "\"pattern\":\"a\",\"user\":\"1000\"" BLOCK },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		overlap(rows[i].five, rows[i].six, never);
	conf_free(accepted(WITH_RULES("{\"id\":5,\"pattern\":\"*.a\",\"proxy_id\":1},{\"id\":7,\"pattern\":\"10.*\",\"proxy_id\":1},"
	    "{\"id\":6,\"pattern\":\"x.a;10.0.0.1\",\"action\":\"block\"}")));
	assert_int_equal(report.nwarnings, 1);
	assert_non_null(strstr(report.warnings[0], "rule 6 never matches, because rule 5 with others before it"));
}

TEST(conf_warns_of_rules_that_overlap)
{
	overlap("\"pattern\":\"*.b\"" TO_PROXY, "\"pattern\":\"c;A.b\"" BLOCK,
	    "rule 5 before rule 6 takes \"a.b\" and has another outcome");
	overlap("\"pattern\":\"10.*\"" TO_PROXY, "\"pattern\":\"c;10.1.0.0/16\"" BLOCK, "rule 5 before rule 6 takes \"10.1.0.0/16\"");
}

TEST(conf_does_not_warn_of_rules_that_are_meant_so)
{
	static const struct { const char *five, *six; } rows[] = {
		{ "\"pattern\":\"a.b\"" BLOCK, "\"pattern\":\"*.b\"" TO_PROXY },               /* exceptions */
		{ "\"pattern\":\"10.1.*\"" BLOCK, "\"pattern\":\"10.*\"" TO_PROXY },
		{ "\"pattern\":\"a\",\"ports\":\"25\"" BLOCK, "\"pattern\":\"a\"" TO_PROXY },
		{ "\"pattern\":\"a\",\"protocol\":\"udp\"" BLOCK, "\"pattern\":\"a\"" TO_PROXY },
		{ "\"pattern\":\"a\",\"ports\":\"80,443\",\"protocol\":\"tcp\"" BLOCK, "\"pattern\":\"a\",\"ports\":\"1-1000\"" TO_PROXY },
		{ "\"pattern\":\"*\",\"ports\":\"25\"" BLOCK, "\"pattern\":\"*.b\"" TO_PROXY },  /* for everything */
		{ "\"pattern\":\"*.b\"" TO_PROXY, "\"pattern\":\"*\"" BLOCK },
		{ "\"pattern\":\"a\",\"enabled\":false" TO_PROXY, "\"pattern\":\"a\"" BLOCK },
		{ "\"pattern\":\"a\"" TO_PROXY, "\"pattern\":\"a\",\"enabled\":false" BLOCK },
		{ "\"pattern\":\"*.b\"" TO_PROXY, "\"pattern\":\"c;a.b\"" TO_PROXY },           /* same outcome */
		{ "\"pattern\":\"a\",\"ports\":\"25\"" TO_PROXY, "\"pattern\":\"a\",\"ports\":\"80\"" BLOCK },
		{ "\"pattern\":\"a\",\"protocol\":\"udp\"" TO_PROXY, "\"pattern\":\"a\",\"protocol\":\"tcp\"" BLOCK },
		{ "\"pattern\":\"a\",\"user\":\"1000\"" TO_PROXY, "\"pattern\":\"a\",\"user\":\"1001\"" BLOCK },
		{ "\"pattern\":\"*.b\",\"user\":\"1000\"" TO_PROXY, "\"pattern\":\"a.b\",\"user\":\"1001\"" BLOCK },
		{ "\"pattern\":\"a\",\"user\":\"1000\"" TO_PROXY, "\"pattern\":\"a\"" BLOCK },
		{ "\"pattern\":\"*.b\"" TO_PROXY, "\"pattern\":\"b\"" BLOCK },
		{ "\"pattern\":\"0.0.0.0/0\"" TO_PROXY, "\"pattern\":\"2001:db8::1\"" BLOCK },
		{ "\"pattern\":\"a.b;a.c\"" TO_PROXY, "\"pattern\":\"a.*\"" BLOCK },
		{ "\"pattern\":\"*.b\",\"ports\":\"443\"" TO_PROXY, "\"pattern\":\"*.a.b\"" BLOCK },   /* some flows only */
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		overlap(rows[i].five, rows[i].six, "");
}

TEST(conf_tells_how_many_warnings_more_there_are)
{
	char text[4096];
	size_t used = (size_t)snprintf(text, sizeof(text), "{\"rules\":[");

	for (int i = 1; i <= 40; i++)
		used += (size_t)snprintf(text + used, sizeof(text) - used, "%s{\"id\":%d,\"pattern\":\"*\",\"action\":\"block\"}", i > 1 ? "," : "", i);
	snprintf(text + used, sizeof(text) - used, "]}");
	conf_free(accepted(text));
	assert_int_equal(report.nwarnings, CONF_WARNINGS_MAX + 1);
	assert_non_null(strstr(report.warnings[CONF_WARNINGS_MAX - 1], "rule 17 never matches, because rule 1 before it"));
	assert_string_equal(report.warnings[CONF_WARNINGS_MAX], "f: 23 more warnings are not shown");
}

TEST(conf_takes_many_rules)
{
	const int count = 20000;
	size_t size = (size_t)count * 64 + 256, used;
	char *text = malloc(size);
	struct conf *c;

	assert_non_null(text);
	used = (size_t)snprintf(text, size, "{\"proxies\":[" PROXY("") "],\"rules\":[");
	for (int i = count; i > 0; i--)
		used += (size_t)snprintf(text + used, size - used, "{\"id\":%d,\"pattern\":\"n%d.example\",\"proxy_id\":1}%s", i, i,
		    i > 1 ? "," : "]}");
	c = accepted(text);
	assert_int_equal(c->nrules, count);
	assert_int_equal(report.nwarnings, 0);
	conf_free(c);
	free(text);
}

TEST(conf_fake_ip_has_a_range_of_each_family)
{
	struct conf *c = accepted("{\"dns\":{\"fake_ip\":[\"fd7a:115c:a1e0::/112\",\"198.18.0.0/15\"]}}");

	assert_int_equal(c->dns.nfake_ip, 2);
	assert_int_equal(c->dns.fake_ip[0].family, AF_INET6);
	assert_int_equal(c->dns.fake_ip[1].prefix, 15);
	assert_int_equal(report.nwarnings, 0);
	conf_free(c);
}

TEST(conf_fake_ip_is_a_word_or_a_list)
{
	static const struct { const char *text; enum conf_fake_ip mode; } rows[] = {
		{ "{\"dns\":{\"fake_ip\":\"auto\"}}", FAKE_IP_AUTO },
		{ "{\"dns\":{\"fake_ip\":\"off\"}}", FAKE_IP_OFF },
		{ "{\"dns\":{\"fake_ip\":[]}}", FAKE_IP_OFF },
		{ "{\"dns\":{\"fake_ip\":[\"198.18.0.0/15\"]}}", FAKE_IP_ALWAYS },
		{ "{\"dns\":{\"enabled\":false}}", FAKE_IP_OFF },
	};
	struct network range;

	assert_int_equal(network_parse("198.19.0.0/16", &range), 0);
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct conf *c = accepted(rows[i].text);
		const size_t before = c->dns.nfake_ip;

		assert_int_equal(c->dns.fake_ip_mode, rows[i].mode);
		assert_int_equal(conf_set_fake_ip(c, &range, 1), 0);
		assert_int_equal(c->dns.nfake_ip, rows[i].mode == FAKE_IP_AUTO ? 1 : before);
		conf_free(c);
	}
}

TEST(conf_fake_ip_warns_of_a_range_that_is_not_private)
{
	static const struct { const char *range; unsigned warnings; } rows[] = {
		{ "10.0.0.0/8", 0 }, { "100.64.0.0/16", 0 }, { "198.18.0.0/24", 0 }, { "fc00::/8", 0 }, { "2001:2::/64", 0 },
		{ "198.0.0.0/8", 1 }, { "203.0.113.0/24", 1 }, { "172.0.0.0/8", 1 }, { "2001:db8::/112", 1 },
	};
	char text[80];

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		snprintf(text, sizeof(text), "{\"dns\":{\"fake_ip\":[\"%s\"]}}", rows[i].range);
		conf_free(accepted(text));
		assert_int_equal(report.nwarnings, rows[i].warnings);
	}
	assert_non_null(strstr(report.warnings[0], "1:20: dns.fake_ip[0]: 2001:db8::/112 is not a private range"));
}

TEST(conf_takes_users_by_name_or_number)
{
#define RULE_OF(id, user) "{\"id\":" #id ",\"pattern\":\"*\",\"action\":\"block\",\"user\":\"" user "\"}"
	static const char good[] = "{\"rules\":[" RULE_OF(1, "root") "," RULE_OF(2, "4294967294") ","
	    "{\"id\":3,\"pattern\":\"*\",\"action\":\"block\"}]}";
	struct conf *c = accepted(good);

	assert_true(c->asks_user);
	assert_int_equal(c->rules[0].uid, (uid_t)-1);   /* conf_parse() looks nothing up */
	assert_int_equal(c->rules[1].uid, 4294967294u);
	assert_null(c->rules[2].user);
	conf_free(c);
	c = accepted("{\"rules\":[{\"id\":1,\"pattern\":\"*\",\"action\":\"block\",\"enabled\":false,\"user\":\"0\"}]}");
	assert_false(c->asks_user);
	conf_free(c);
}

TEST(conf_sniff_ports_are_those_within_tcp_ports)
{
	static const struct { const char *tcp, *sniff; struct port_range want[3]; } rows[] = {
		{ "1-65535", "80,443", { { 80, 80 }, { 443, 443 } } },
		{ "1-100,440-500", "80,443,8080", { { 80, 80 }, { 443, 443 } } },
		{ "90-110,200-300", "80-100,105-250", { { 90, 100 }, { 105, 110 }, { 200, 250 } } },
		{ "22", "80", { { 0, 0 } } },
		{ "", "80", { { 0, 0 } } },
		{ "80", "", { { 0, 0 } } },
	};
	char text[256];

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct conf_report r = { .error = "" };
		struct conf *conf;
		size_t n = 0;

		snprintf(text, sizeof(text), "{\"intercept\":{\"mode\":\"matched\",\"tcp_ports\":\"%s\",\"sniff_ports\":\"%s\"}}",
		    rows[i].tcp, rows[i].sniff);
		conf = conf_parse("f", text, strlen(text), &r);
		assert_non_null(conf);
		assert_int_equal(conf->intercept.mode, MODE_MATCHED);
		assert_int_equal(r.nwarnings, 0);
		for (; n < conf->intercept.sniff_ports.count; n++) {
			assert_int_equal(conf->intercept.sniff_ports.ranges[n].first, rows[i].want[n].first);
			assert_int_equal(conf->intercept.sniff_ports.ranges[n].last, rows[i].want[n].last);
		}
		assert_true(n == 3 || rows[i].want[n].first == 0);
		conf_free(conf);
	}
}

TEST(conf_warns_of_a_star_in_mode_matched)
{
	static const char text[] = "{\"intercept\":{\"mode\":\"matched\"},\"rules\":[{\"id\":1,\"pattern\":\"*\",\"action\":\"direct\",\"ports\":\"1\"},"
	    "{\"id\":7,\"pattern\":\"a.example;*\",\"action\":\"block\",\"ports\":\"853\"}]}";
	struct conf_report r = { .error = "" };
	struct conf *conf = conf_parse("f", text, strlen(text), &r);

	assert_non_null(conf);
	assert_int_equal(r.nwarnings, 1);
	assert_non_null(strstr(r.warnings[0], "f:1:22: intercept.mode: the pattern * of rule 7 matches every address"));
	conf_free(conf);
}

TEST(conf_warns_of_sniff_ports_without_effect)
{
	static const char text[] = "{\"intercept\":{\"mode\":\"all\",\"sniff_ports\":\"80\"}}";
	struct conf_report r = { .error = "" };
	struct conf *conf = conf_parse("f", text, strlen(text), &r);

	assert_non_null(conf);
	assert_int_equal(r.nwarnings, 1);
	assert_non_null(strstr(r.warnings[0], "f:1:42: intercept.sniff_ports: it has no effect in mode \"all\""));
	conf_free(conf);
}

TEST(conf_mode_auto_is_matched_if_every_rule_has_names_or_addresses)
{
	static const struct { const char *text; enum conf_mode want; const char *why; } rows[] = {
		{ "{}", MODE_MATCHED, "default_action is \"direct\"" },
		{ "{\"rules\":[{\"id\":4,\"pattern\":\"*.a.example;10.0.0.0/8\",\"action\":\"block\"}]}", MODE_MATCHED, "names or addresses" },
		{ "{\"rules\":[{\"id\":4,\"pattern\":\"*\",\"action\":\"direct\"}]}", MODE_MATCHED, "names or addresses" },
		{ "{\"rules\":[{\"id\":4,\"pattern\":\"*\",\"action\":\"block\",\"enabled\":false}]}", MODE_MATCHED, "names or addresses" },
		{ "{\"default_action\":\"block\"}", MODE_ALL, "default_action is not \"direct\"" },
		{ "{\"rules\":[{\"id\":4,\"pattern\":\"*\",\"action\":\"block\",\"user\":\"1001\"}]}", MODE_ALL, "rule 4 matches without" },
		{ "{\"rules\":[{\"id\":3,\"pattern\":\"a\",\"action\":\"block\"},"
		    "{\"id\":5,\"pattern\":\"a;*\",\"action\":\"block\",\"ports\":\"853\"}]}", MODE_ALL, "rule 5 matches without" },
		{ "{\"dns\":{\"enabled\":false},\"rules\":[{\"id\":6,\"pattern\":\"a\",\"action\":\"block\"}]}", MODE_ALL, "rule 6 has names" },
		{ "{\"dns\":{\"enabled\":false},\"rules\":[{\"id\":6,\"pattern\":\"192.0.2.1\",\"action\":\"block\"}]}", MODE_MATCHED, "names or addresses" },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct conf_report r = { .error = "" };
		struct conf *conf = conf_parse("f", rows[i].text, strlen(rows[i].text), &r);

		if (conf == NULL)
			fail_msg("%s", r.error);
		assert_int_equal(conf->intercept.mode, rows[i].want);
		if (strstr(conf->intercept.mode_why, rows[i].why) == NULL)
			fail_msg("\"%s\" lacks \"%s\"", conf->intercept.mode_why, rows[i].why);
		assert_int_equal(r.nwarnings, 0);
		conf_free(conf);
	}
}

TEST(conf_mode_that_the_file_names_has_no_reason)
{
	static const char text[] = "{\"intercept\":{\"mode\":\"all\"}}";
	struct conf_report r = { .error = "" };
	struct conf *conf = conf_parse("f", text, strlen(text), &r);

	assert_non_null(conf);
	assert_int_equal(conf->intercept.mode, MODE_ALL);
	assert_null(conf->intercept.mode_why);
	conf_free(conf);
}

RUN_TESTS(NULL, NULL)
