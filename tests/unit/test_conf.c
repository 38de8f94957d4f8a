#include "config.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <syslog.h>
#include <unistd.h>

#include <errno.h>

#include <cmocka.h>

#include "conf.h"

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

/* where: "LINE:COLUMN: PATH: " */
static void
refused(const char *text, const char *where, const char *fragment)
{
	struct conf *c = parse(text);
	char start[256];

	if (c != NULL)
		fail_msg("accepted: %s", text);
	snprintf(start, sizeof(start), "f:%s: ", where);
	if (strncmp(report.error, start, strlen(start)) != 0 || strstr(report.error, fragment) == NULL)
		fail_msg("%s\ngives   %s\nand not %s... %s", text, report.error, start, fragment);
	assert_null(strchr(report.error, '\n'));
}

struct refusal { const char *text, *where, *fragment; };

#define REFUSED(rows) do { \
	for (size_t i = 0; i < sizeof(rows) / sizeof((rows)[0]); i++) \
		refused((rows)[i].text, (rows)[i].where, (rows)[i].fragment); \
} while (0)

static void
conf_loads_the_smallest_useful_file(void **state)
{
	struct conf *c = accepted("{\n"
	    "  \"global_enabled\": true,\n"
	    "  \"proxies\": [ { \"id\": 1, \"name\": \"Corporate Proxy\", \"host\": \"192.168.0.115\", \"port\": 9702,\n"
	    "    \"proxy_type\": \"Socks5\", \"username\": \"user\", \"password\": \"pass\", \"enabled\": true } ],\n"
	    "  \"rules\": [ { \"id\": 1, \"name\": \"Corporate Domains\", \"pattern\": \"*.kion.cloud\",\n"
	    "    \"enabled\": true, \"proxy_id\": 1 } ]\n}");

	(void)state;
	assert_int_equal(c->nproxies, 1);
	assert_string_equal(c->proxies[0].name, "Corporate Proxy");
	assert_string_equal(c->proxies[0].host, "192.168.0.115");
	assert_int_equal(c->proxies[0].port, 9702);
	assert_int_equal(c->proxies[0].type, PROXY_SOCKS5);
	assert_string_equal(c->proxies[0].username, "user");
	assert_string_equal(c->proxies[0].password, "pass");
	assert_true(c->proxies[0].enabled);
	assert_int_equal(c->nrules, 1);
	assert_string_equal(c->rules[0].name, "Corporate Domains");
	assert_string_equal(c->rules[0].pattern, "*.kion.cloud");
	assert_true(pattern_list_match(c->rules[0].patterns, "a.kion.cloud", NULL));
	assert_int_equal(c->rules[0].action, ACTION_PROXY);
	assert_int_equal(c->rules[0].nproxies, 1);
	assert_ptr_equal(c->rules[0].proxies[0], &c->proxies[0]);
	assert_int_equal(report.nwarnings, 0);
	conf_free(c);
}

static void
conf_defaults_are_those_of_the_manual(void **state)
{
	struct conf *c = accepted("{}");

	(void)state;
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

/* Every supported key, none with its default. Rules stand before the proxies they name. */
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
    "\"dns\": { \"enabled\": false, \"servers\": [\"192.0.2.53\", \"192.0.2.54:5300\"], \"cache_entries\": 0 }, \"user\": \"nobody\",\n"
    "\"limits\": { \"connections\": 1, \"per_client\": 2, \"udp_sessions\": 3, \"dns_queries\": 4, \"names\": 5 },\n"
    "\"timeouts\": { \"connect\": 1.5, \"handshake\": 2, \"hello\": 0.25, \"idle\": 3e2, \"half_open\": 4, \"udp_idle\": 5, \"dns\": 6,"
    " \"drain\": 0.7 },\n"
    "\"log\": { \"level\": \"debug\", \"facility\": \"local3\", \"flows\": \"errors\", \"hosts\": \"domain\" } }\n";

static void
conf_reads_every_key(void **state)
{
	struct conf *c = accepted(every_key);
	char buf[ADDR_TEXT_MAX];

	(void)state;
	assert_false(c->global_enabled);
	assert_int_equal(c->default_action, ACTION_PROXY);
	assert_int_equal(c->ndefault_proxies, 1);
	assert_ptr_equal(c->default_proxies[0], &c->proxies[0]);
	assert_int_equal(c->proxies[0].type, PROXY_HTTP);
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

static void
conf_reads_every_key_of_its_sections(void **state)
{
	struct conf *c = accepted(every_key);
	char buf[ADDR_TEXT_MAX];

	(void)state;
	assert_int_equal(c->intercept.firewall, FIREWALL_NONE);
	assert_string_equal(c->intercept.anchor, "my.anchor_1-x");
	assert_true(port_list_contains(&c->intercept.tcp_ports, 80) && !port_list_contains(&c->intercept.tcp_ports, 81));
	assert_int_equal(c->intercept.udp_ports.count, 0);
	assert_int_equal(c->intercept.nexclude, 2);
	assert_string_equal(network_format(&c->intercept.exclude[0], buf), "10.0.0.0/8");
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

static void
conf_print_is_read_back_as_the_same(void **state)
{
	static const char *const texts[] = { "{}", every_key, "{\"default_action\":\"block\",\"dns\":{\"servers\":\"system\"}}" };

	(void)state;
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

static void
conf_print_masks_passwords(void **state)
{
	struct conf *c = accepted("{\"proxies\":[" PROXY(",\"username\":\"me\",\"password\":\"hunter2\"") "]}");
	char *text = printed(c);

	(void)state;
	assert_null(strstr(text, "hunter2"));
	assert_non_null(strstr(text, "\"password\": \"********\""));
	assert_non_null(strstr(text, "\"username\": \"me\""));
	free(text);
	conf_free(c);
}

static void
conf_refuses_broken_json(void **state)
{
	static const struct refusal rows[] = {
		{ "", "1:1: (top)", "the file holds nothing" },
		{ "// only this\n", "2:1: (top)", "the file holds nothing" },
		{ "[]", "1:1: (top)", "write an object" },
		{ "12", "1:1: (top)", "holds a number" },
		{ "{", "1:2: (top)", "ends too early" },
		{ "{\"listen\":{\"port\":1", "1:20: listen", "ends too early" },
		{ "{\"user\":\"abc", "1:13: user", "ends too early" },
		{ "{} x", "1:4: (top)", "follows the end" },
		{ "{}\n{}", "2:1: (top)", "follows the end" },
		{ "{\"listen\":{\"port\":1 \"dns_port\":2}}", "1:21: listen", "write a comma" },
		{ "{\"listen\":{\"addresses\":[\"::1\" \"::2\"]}}", "1:31: listen.addresses", "write a comma" },
		{ "{\"rules\":[1,]}", "1:13: rules", "comma too many" },
		{ "{\"user\":\"x\",}", "1:13: (top)", "comma too many" },
		{ "{\"user\" \"x\"}", "1:9: user", "no colon" },
		{ "{user:\"x\"}", "1:2: (top)", "double quotes" },
		{ "{'user':1}", "1:2: (top)", "double quotes" },
		{ "{\"user\":nobody}", "1:9: user", "" },
		{ "{\"global_enabled\":tru}", "1:19: global_enabled", "true, false" },
		{ "{\"user\":\"a\nb\"}", "1:9: user", "line end" },
		{ "{\"user\":\"\\q\"}", "1:9: user", "write \\\\" },
		{ "{\"user\":\"\\u12g4\"}", "1:11: user", "four hexadecimal digits" },
		{ "{\"user\":\"\xff\"}", "1:9: user", "UTF-8" },
		{ "{\"user\":\"a\\u0000b\"}", "1:9: user", "\\u0000" },
		{ "{\"listen\":{\"port\":1.}}", "1:19: listen.port", "digit is missing" },
		{ "{\"user\":\"a\",\n \"user\":\"b\"}", "2:2: user", "twice, first in line 1" },
		{ "{\"\xc3\xa9\xc3\xa9\":1,\"user\":\"a\",\"user\":\"b\"}", "1:20: user", "twice" },
		{ "{\"a\\rb\":}", "1:9: a?b", "no value stands" },
		{ "{\"x\":[[[[[[[[[[[[[[[[", "1:21: x[0][0][0][0][0][0][0][0][0][0][0][0][0][0]", "levels" },
	};

	(void)state;
	REFUSED(rows);
}

static void
conf_refuses_unknown_keys_and_guesses(void **state)
{
	static const struct refusal rows[] = {
		{ "{\"rule\":[]}", "1:2: rule", "did you mean \"rules\"?" },
		{ "{\"Proxys\":[]}", "1:2: Proxys", "did you mean \"proxies\"?" },
		{ "{\"listen\":{\"ports\":1}}", "1:12: listen.ports", "did you mean \"port\"?" },
		{ "{\"proxies\":[{\"hots\":1}]}", "1:14: proxies[0].hots", "did you mean \"host\"?" },
		{ "{\"colour\":1}", "1:2: colour", "remove it" },
		{ "{\"xy\":1}", "1:2: xy", "remove it" },
		{ "{\"\":1}", "1:2: ", "remove it" },
		{ "{\"a_key_that_is_much_longer_than_any_of_ours_is\":1}", "1:2: a_key_that_is_much_longer_than_any_of_ours_is",
		    "remove it" },
		{ "{\"a\\nb\":1}", "1:2: a?b", "remove it" },
	};

	(void)state;
	REFUSED(rows);
}

static void
conf_refuses_wrong_types_and_names_both(void **state)
{
	static const struct refusal rows[] = {
		{ "{\"global_enabled\":\"true\"}", "1:19: global_enabled", "a string stands here instead of true or false" },
		{ "{\"global_enabled\":null}", "1:19: global_enabled", "null stands here" },
		{ "{\"proxies\":{}}", "1:12: proxies", "an object stands here instead of a list" },
		{ "{\"rules\":[[{}]]}", "1:11: rules[0]", "a list stands here instead of an object" },
		{ "{\"proxies\":[1]}", "1:13: proxies[0]", "a number stands here instead of an object" },
		{ "{\"listen\":[]}", "1:11: listen", "a list stands here instead of an object" },
		{ "{\"listen\":{\"port\":\"80\"}}", "1:19: listen.port", "a string stands here instead of a number" },
		{ "{\"user\":true}", "1:9: user", "true or false stands here instead of a string" },
		{ "{\"intercept\":{\"tcp_ports\":80}}", "1:27: intercept.tcp_ports", "a number stands here instead of a string" },
		{ "{\"intercept\":{\"exclude\":\"10.0.0.0/8\"}}", "1:25: intercept.exclude", "instead of a list" },
		{ "{\"intercept\":{\"exclude\":[10]}}", "1:26: intercept.exclude[0]", "instead of a string" },
		{ "{\"log\":{\"level\":7}}", "1:17: log.level", "instead of a string" },
	};

	(void)state;
	REFUSED(rows);
}

static void
conf_refuses_what_is_not_yet_supported(void **state)
{
	static const struct refusal rows[] = {
		{ "{\"threads\":4}", "1:2: threads", "not yet supported; remove it" },
		{ "{\"control\":{}}", "1:2: control", "not yet supported; remove it" },
		{ "{\"intercept\":{\"sniff_ports\":\"80\"}}", "1:15: intercept.sniff_ports", "not yet supported; remove it" },
		{ "{\"intercept\":{\"mode\":\"matched\"}}", "1:22: intercept.mode", "not yet supported; write \"all\"" },
		{ WITH_RULES("{\"id\":1,\"pattern\":\"*\",\"proxy_id\":1,\"user\":\"me\"}"), "2:45: rules[0].user",
		    "not yet supported; remove it" },
	};

	(void)state;
	REFUSED(rows);
}

static void
conf_refuses_broken_values(void **state)
{
	static const struct refusal rows[] = {
		{ "{\"default_action\":\"drop\"}", "1:19: default_action", "write \"direct\", \"proxy\" or \"block\"" },
		{ "{\"default_action\":\"proxy\"}", "1:19: default_action", "no proxy is enabled" },
		{ "{\"intercept\":{\"firewall\":\"ipfw\"}}", "1:26: intercept.firewall", "\"auto\", \"pf\", \"netfilter\" or \"none\"" },
		{ "{\"intercept\":{\"mode\":\"some\"}}", "1:22: intercept.mode", "write \"all\"" },
		{ "{\"intercept\":{\"anchor\":\"a/b\"}}", "1:24: intercept.anchor", "write a letter" },
		{ "{\"intercept\":{\"anchor\":\"\"}}", "1:24: intercept.anchor", "write a letter" },
		{ "{\"intercept\":{\"anchor\":\"1a\"}}", "1:24: intercept.anchor", "write a letter" },
		{ "{\"intercept\":{\"anchor\":\"match\"}}", "1:24: intercept.anchor", "another name" },
		{ "{\"intercept\":{\"anchor\":\"table\"}}", "1:24: intercept.anchor", "another name" },
		{ "{\"intercept\":{\"anchor\":\"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\"}}",
		    "1:24: intercept.anchor", "up to 62" },
		{ "{\"intercept\":{\"tcp_ports\":\"0\"}}", "1:27: intercept.tcp_ports", "from 1 to 65535" },
		{ "{\"intercept\":{\"tcp_ports\":\"80,65536\"}}", "1:27: intercept.tcp_ports", "from 1 to 65535" },
		{ "{\"intercept\":{\"tcp_ports\":\"80,\"}}", "1:27: intercept.tcp_ports", "no list of ports" },
		{ "{\"intercept\":{\"tcp_ports\":\"80 81\"}}", "1:27: intercept.tcp_ports", "no list of ports" },
		{ "{\"intercept\":{\"tcp_ports\":\"80-\"}}", "1:27: intercept.tcp_ports", "no list of ports" },
		{ "{\"intercept\":{\"udp_ports\":\"90-80\"}}", "1:27: intercept.udp_ports", "write 80-90" },
		{ "{\"intercept\":{\"exclude\":[\"10.0.0.1/8\"]}}", "1:26: intercept.exclude[0]", "write 10.0.0.0/8" },
		{ "{\"intercept\":{\"exclude\":[\"example.com\"]}}", "1:26: intercept.exclude[0]", "no network" },
		{ "{\"intercept\":{\"interfaces\":[\"a b\"]}}", "1:29: intercept.interfaces[0]", "no interface" },
		{ "{\"intercept\":{\"interfaces\":[\"eth0\",\"abcdefghijklmnop\"]}}", "1:36: intercept.interfaces[1]", "1 to 15" },
		{ "{\"intercept\":{\"on_failure\":\"shut\"}}", "1:28: intercept.on_failure", "\"open\" or \"closed\"" },
		{ "{\"intercept\":{\"quic\":\"on\"}}", "1:22: intercept.quic", "\"auto\", \"proxy\", \"block\" or \"direct\"" },
		{ "{\"listen\":{\"addresses\":[]}}", "1:24: listen.addresses", "write 1 to 8" },
		{ "{\"listen\":{\"addresses\":[\"localhost\"]}}", "1:25: listen.addresses[0]", "no address" },
		{ "{\"listen\":{\"addresses\":[\"127.0.0.1:80\"]}}", "1:25: listen.addresses[0]", "listen.port" },
		{ "{\"listen\":{\"addresses\":[\"224.0.0.1\"]}}", "1:25: listen.addresses[0]", "multicast" },
		{ "{\"listen\":{\"addresses\":[\"::1\",\"0::1\"]}}", "1:24: listen.addresses", "twice" },
		{ "{\"listen\":{\"port\":0}}", "1:19: listen.port", "from 1 to 65535" },
		{ "{\"listen\":{\"port\":80.5}}", "1:19: listen.port", "no" },
		{ "{\"listen\":{\"port\":5353}}", "1:19: listen.port", "two different ports" },
		{ "{\"listen\":{\"port\":7,\"dns_port\":7}}", "1:32: listen.dns_port", "two different ports" },
		{ "{\"dns\":{\"servers\":\"192.0.2.1\"}}", "1:19: dns.servers", "write \"system\" or a list" },
		{ "{\"dns\":{\"servers\":[]}}", "1:19: dns.servers", "write \"system\" or a list" },
		{ "{\"dns\":{\"servers\":[\"192.0.2.1:0\"]}}", "1:20: dns.servers[0]", "no resolver" },
		{ "{\"dns\":{\"servers\":[\"2001:db8::1:99999\"]}}", "1:20: dns.servers[0]", "no resolver" },
		{ "{\"dns\":{\"servers\":[\"0.0.0.0\"]}}", "1:20: dns.servers[0]", "one host" },
		{ "{\"dns\":{\"cache_entries\":-1}}", "1:25: dns.cache_entries", "from 0" },
		{ "{\"user\":\"root\"}", "1:9: user", "must not run as root" },
		{ "{\"user\":\"a b\"}", "1:9: user", "no user name" },
		{ "{\"limits\":{\"connections\":0}}", "1:26: limits.connections", "from 1" },
		{ "{\"limits\":{\"per_client\":1e3}}", "1:25: limits.per_client", "whole number" },
		{ "{\"limits\":{\"names\":99999999999999999999}}", "1:20: limits.names", "out of range" },
		{ "{\"timeouts\":{\"dns\":0}}", "1:20: timeouts.dns", "out of range" },
		{ "{\"timeouts\":{\"dns\":-1}}", "1:20: timeouts.dns", "out of range" },
		{ "{\"timeouts\":{\"dns\":1e999}}", "1:20: timeouts.dns", "out of range" },
		{ "{\"log\":{\"level\":\"trace\"}}", "1:17: log.level", "\"error\", \"warning\", \"info\" or \"debug\"" },
		{ "{\"log\":{\"facility\":\"kern\"}}", "1:20: log.facility", "\"daemon\"" },
		{ "{\"log\":{\"flows\":\"some\"}}", "1:17: log.flows", "\"proxied\"" },
		{ "{\"log\":{\"hosts\":\"some\"}}", "1:17: log.hosts", "\"domain\"" },
	};

	(void)state;
	REFUSED(rows);
}

#define ONE_PROXY(text) "{\"proxies\":[{" text "}]}"
#define HEAD "\"id\":1,\"port\":1,"

static void
conf_refuses_broken_proxies(void **state)
{
	static const struct refusal rows[] = {
		{ ONE_PROXY("\"host\":\"a\",\"port\":1,\"proxy_type\":\"Socks5\""), "1:13: proxies[0]", "\"id\" is missing" },
		{ ONE_PROXY("\"id\":1,\"port\":1,\"proxy_type\":\"Socks5\""), "1:13: proxies[0]", "\"host\" is missing" },
		{ ONE_PROXY("\"id\":1,\"host\":\"a\",\"proxy_type\":\"Socks5\""), "1:13: proxies[0]", "\"port\" is missing" },
		{ ONE_PROXY(HEAD "\"host\":\"a\""), "1:13: proxies[0]", "\"proxy_type\" is missing" },
		{ ONE_PROXY("\"id\":0"), "1:19: proxies[0].id", "from 1" },
		{ ONE_PROXY("\"id\":4294967296"), "1:19: proxies[0].id", "to 4294967295" },
		{ ONE_PROXY("\"id\":\"1\""), "1:19: proxies[0].id", "instead of a number" },
		{ ONE_PROXY(HEAD "\"host\":\"\""), "1:37: proxies[0].host", "neither a host name nor an address" },
		{ ONE_PROXY(HEAD "\"host\":\"a.example:80\""), "1:37: proxies[0].host", "without scheme and port" },
		{ ONE_PROXY(HEAD "\"host\":\"300.1.1.1\""), "1:37: proxies[0].host", "neither" },
		{ ONE_PROXY(HEAD "\"host\":\"::\""), "1:37: proxies[0].host", "one host" },
		{ ONE_PROXY(HEAD "\"host\":\"a\",\"proxy_type\":\"Socks4\""), "1:54: proxies[0].proxy_type", "\"Socks5\" or \"Http\"" },
		{ ONE_PROXY(HEAD "\"host\":\"a\",\"proxy_type\":\"Http\",\"password\":\"x\""), "1:61: proxies[0].password", "no username" },
		{ ONE_PROXY(HEAD "\"host\":\"a\",\"proxy_type\":\"Http\",\"username\":\"a:b\""), "1:72: proxies[0].username", "colon" },
		{ ONE_PROXY(HEAD "\"host\":\"a\",\"proxy_type\":\"Http\",\"username\":\"a\\r\""), "1:72: proxies[0].username", "control" },
		{ ONE_PROXY(HEAD "\"host\":\"a\",\"proxy_type\":\"Http\",\"username\":\"a\",\"password\":\"\\n\""), "1:87: proxies[0].password",
		    "control" },
		{ ONE_PROXY(HEAD "\"host\":\"a\",\"proxy_type\":\"Socks5\",\"username\":\"\""), "1:74: proxies[0].username", "empty" },
		{ ONE_PROXY(HEAD "\"host\":\"a\",\"proxy_type\":\"Socks5\",\"dns_server\":\"x\""), "1:76: proxies[0].dns_server", "no resolver" },
		{ ONE_PROXY(HEAD "\"host\":\"a\",\"proxy_type\":\"Socks5\",\"interface\":\"\""), "1:75: proxies[0].interface", "no interface" },
		{ "{\"proxies\":[" PROXY("") ",\n" PROXY("") "]}", "2:7: proxies[1].id", "used twice" },
	};

	(void)state;
	REFUSED(rows);
}

static void
conf_credentials_for_socks5_have_255_bytes_at_most(void **state)
{
	char text[2048], long_one[257];

	(void)state;
	memset(long_one, 'x', 256);
	long_one[256] = '\0';
	snprintf(text, sizeof(text), "{\"proxies\":[" PROXY(",\"username\":\"%s\"") "]}", long_one);
	refused(text, "1:85: proxies[0].username", "255 bytes");
	snprintf(text, sizeof(text), "{\"proxies\":[" PROXY(",\"username\":\"u\",\"password\":\"%s\"") "]}", long_one);
	refused(text, "1:100: proxies[0].password", "255 bytes");
	assert_null(strstr(report.error, "xxx"));
	snprintf(text, sizeof(text), "{\"proxies\":[" PROXY(",\"username\":\"%s\",\"password\":\"%s\"") "]}", long_one + 1, long_one + 1);
	conf_free(accepted(text));
}

static void
conf_refuses_broken_rules(void **state)
{
	static const struct refusal rows[] = {
		{ WITH_RULES("{\"pattern\":\"*\",\"proxy_id\":1}"), "2:10: rules[0]", "\"id\" is missing" },
		{ WITH_RULES("{\"id\":1,\"proxy_id\":1}"), "2:10: rules[0]", "\"pattern\" is missing" },
		{ WITH_RULES("{\"id\":1,\"pattern\":\"\",\"proxy_id\":1}"), "2:28: rules[0].pattern", "empty item" },
		{ WITH_RULES("{\"id\":1,\"pattern\":\"*a\",\"proxy_id\":1}"), "2:28: rules[0].pattern", "write *.a" },
		{ WITH_RULES("{\"id\":1,\"pattern\":\"*\"}"), "2:10: rules[0]", "neither \"proxy_id\" nor \"action\"" },
		{ WITH_RULES("{\"id\":1,\"pattern\":\"*\",\"action\":\"proxy\"}"), "2:41: rules[0].action", "add the key \"proxy_id\"" },
		{ WITH_RULES("{\"id\":1,\"pattern\":\"*\",\"action\":\"block\",\"proxy_id\":1}"), "2:49: rules[0].proxy_id", "uses no proxy" },
		{ WITH_RULES("{\"id\":1,\"pattern\":\"*\",\"proxy_id\":2}"), "2:43: rules[0].proxy_id", "no proxy has the id 2" },
		{ WITH_RULES("{\"id\":1,\"pattern\":\"*\",\"proxy_id\":2,\"enabled\":false}"), "2:43: rules[0].proxy_id", "no proxy has" },
		{ WITH_RULES("{\"id\":1,\"pattern\":\"*\",\"proxy_id\":[1,2]}"), "2:46: rules[0].proxy_id[1]", "no proxy has the id 2" },
		{ WITH_RULES("{\"id\":1,\"pattern\":\"*\",\"proxy_id\":[]}"), "2:43: rules[0].proxy_id", "no proxy is named" },
		{ WITH_RULES("{\"id\":1,\"pattern\":\"*\",\"proxy_id\":\"1\"}"), "2:43: rules[0].proxy_id", "no proxy is named" },
		{ WITH_RULES("{\"id\":1,\"pattern\":\"*\",\"proxy_id\":[1,1]}"), "2:46: rules[0].proxy_id[1]", "twice" },
		{ WITH_RULES("{\"id\":1,\"pattern\":\"*\",\"proxy_id\":1,\"ports\":\"\"}"), "2:53: rules[0].ports", "remove the key" },
		{ WITH_RULES("{\"id\":1,\"pattern\":\"*\",\"proxy_id\":1,\"protocol\":\"icmp\"}"), "2:56: rules[0].protocol", "\"tcp\" or \"udp\"" },
		{ WITH_RULES("{\"id\":1,\"pattern\":\"a\",\"proxy_id\":1},\n{\"id\":1,\"pattern\":\"b\",\"proxy_id\":1}"), "3:7: rules[1].id",
		    "used twice" },
		{ "{\"rules\":[{\"id\":1,\"pattern\":\"*\",\"proxy_id\":1}]}", "1:44: rules[0].proxy_id", "no proxy has the id 1" },
		{ "{\"proxies\":[" PROXY(",\"enabled\":false") "],\n\"rules\":[{\"id\":1,\"pattern\":\"*\",\"proxy_id\":1}]}",
		    "2:43: rules[0].proxy_id", "no proxy of this rule is enabled" },
	};

	(void)state;
	REFUSED(rows);
}

static void
conf_disabled_rule_may_name_a_disabled_proxy(void **state)
{
	struct conf *c = accepted("{\"proxies\":[" PROXY(",\"enabled\":false") "],"
	    "\"rules\":[{\"id\":1,\"pattern\":\"*\",\"proxy_id\":1,\"enabled\":false}]}");

	(void)state;
	assert_int_equal(c->rules[0].nproxies, 1);
	conf_free(c);
}

static void
conf_ports_are_sorted_and_joined(void **state)
{
	struct conf *c = accepted("{\"intercept\":{\"tcp_ports\":\"65535,100-200,150-160, 201 ,1,65534-65535,3\"}}");
	static const struct port_range want[] = { { 1, 1 }, { 3, 3 }, { 100, 201 }, { 65534, 65535 } };

	(void)state;
	assert_int_equal(c->intercept.tcp_ports.count, 4);
	assert_memory_equal(c->intercept.tcp_ports.ranges, want, sizeof(want));
	conf_free(c);
}

static void
conf_warns_of_a_rule_that_an_equal_pattern_hides(void **state)
{
	static const struct { const char *rules; unsigned warnings; } rows[] = {
		{ "{\"id\":5,\"pattern\":\"a\",\"proxy_id\":1},{\"id\":6,\"pattern\":\"a\",\"action\":\"block\"}", 1 },
		{ "{\"id\":5,\"pattern\":\"a\",\"proxy_id\":1},{\"id\":6,\"pattern\":\"a\",\"action\":\"block\",\"ports\":\"25\"}", 1 },
		{ "{\"id\":5,\"pattern\":\"a\",\"proxy_id\":1,\"ports\":\"25\"},{\"id\":6,\"pattern\":\"a\",\"action\":\"block\"}", 0 },
		{ "{\"id\":5,\"pattern\":\"a\",\"proxy_id\":1,\"protocol\":\"udp\"},{\"id\":6,\"pattern\":\"a\",\"action\":\"block\"}", 0 },
		{ "{\"id\":5,\"pattern\":\"a\",\"proxy_id\":1,\"enabled\":false},{\"id\":6,\"pattern\":\"a\",\"proxy_id\":1}", 0 },
		{ "{\"id\":5,\"pattern\":\"a\",\"proxy_id\":1},{\"id\":6,\"pattern\":\"b\",\"proxy_id\":1}", 0 },
	};
	char text[1024];

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		snprintf(text, sizeof(text), "{\"proxies\":[" PROXY("") "],\"rules\":[%s]}", rows[i].rules);
		conf_free(accepted(text));
		assert_int_equal(report.nwarnings, rows[i].warnings);
	}
	conf_free(accepted(WITH_RULES("{\"id\":5,\"pattern\":\"a\",\"proxy_id\":1},\n{\"id\":6,\"pattern\":\"a\",\"proxy_id\":1}")));
	assert_non_null(strstr(report.warnings[0], "f:3:19: rules[1].pattern: rule 5 has the same pattern"));
}

static void
conf_takes_many_rules(void **state)
{
	const int count = 20000;
	size_t size = (size_t)count * 64 + 256, used;
	char *text = malloc(size);
	struct conf *c;

	(void)state;
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

static void
conf_read_warns_when_others_can_read_a_password(void **state)
{
	static const char text[] = "{\"proxies\":[\n" PROXY(",\"username\":\"u\",\"password\":\"p\"") "]}";
	char path[] = "/tmp/test_conf.XXXXXX", *read = NULL;
	int fd = mkstemp(path);
	size_t len;

	(void)state;
	assert_true(fd >= 0);
	assert_int_equal(write(fd, text, strlen(text)), strlen(text));
	memset(&report, 0, sizeof(report));
	assert_int_equal(fchmod(fd, 0600), 0);
	assert_int_equal(conf_read(path, &read, &len, &report), 0);
	assert_int_equal(len, strlen(text));
	assert_string_equal(read, text);
	assert_int_equal(report.nwarnings, 0);
	conf_text_free(read, len);
	assert_int_equal(fchmod(fd, 0644), 0);
	assert_int_equal(conf_read(path, &read, &len, &report), 0);
	assert_int_equal(report.nwarnings, 1);
	assert_non_null(strstr(report.warnings[0], ":2:77: password: every user"));
	conf_text_free(read, len);
	close(fd);
	unlink(path);
}

static void
conf_read_tells_why_a_file_cannot_be_read(void **state)
{
	char *text;
	size_t len;

	(void)state;
	memset(&report, 0, sizeof(report));
	assert_int_equal(conf_read("/nonexistent/conf", &text, &len, &report), ENOENT);
	assert_null(text);
	assert_non_null(strstr(report.error, "/nonexistent/conf:1:1: (top): the file cannot be read"));
	assert_int_equal(conf_read("/", &text, &len, &report), EISDIR);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(conf_loads_the_smallest_useful_file),
		cmocka_unit_test(conf_defaults_are_those_of_the_manual),
		cmocka_unit_test(conf_reads_every_key),
		cmocka_unit_test(conf_reads_every_key_of_its_sections),
		cmocka_unit_test(conf_print_is_read_back_as_the_same),
		cmocka_unit_test(conf_print_masks_passwords),
		cmocka_unit_test(conf_refuses_broken_json),
		cmocka_unit_test(conf_refuses_unknown_keys_and_guesses),
		cmocka_unit_test(conf_refuses_wrong_types_and_names_both),
		cmocka_unit_test(conf_refuses_what_is_not_yet_supported),
		cmocka_unit_test(conf_refuses_broken_values),
		cmocka_unit_test(conf_refuses_broken_proxies),
		cmocka_unit_test(conf_credentials_for_socks5_have_255_bytes_at_most),
		cmocka_unit_test(conf_refuses_broken_rules),
		cmocka_unit_test(conf_disabled_rule_may_name_a_disabled_proxy),
		cmocka_unit_test(conf_ports_are_sorted_and_joined),
		cmocka_unit_test(conf_warns_of_a_rule_that_an_equal_pattern_hides),
		cmocka_unit_test(conf_takes_many_rules),
		cmocka_unit_test(conf_read_warns_when_others_can_read_a_password),
		cmocka_unit_test(conf_read_tells_why_a_file_cannot_be_read),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
