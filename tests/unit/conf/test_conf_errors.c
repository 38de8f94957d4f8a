#include "config.h"

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

TEST(conf_refuses_broken_json)
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
		{ "{\"a\\rb\":}", "1:9: a?b", "a value is missing" },
		{ "{\"x\":[[[[[[[[[[[[[[[[", "1:21: x[0][0][0][0][0][0][0][0][0][0][0][0][0][0]", "levels" },
	};

	REFUSED(rows);
}

TEST(conf_refuses_unknown_keys_and_guesses)
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

	REFUSED(rows);
}

TEST(conf_refuses_wrong_types_and_names_both)
{
	static const struct refusal rows[] = {
		{ "{\"global_enabled\":\"true\"}", "1:19: global_enabled", "expected true or false, found a string" },
		{ "{\"global_enabled\":null}", "1:19: global_enabled", "found null" },
		{ "{\"proxies\":{}}", "1:12: proxies", "expected a list, found an object" },
		{ "{\"rules\":[[{}]]}", "1:11: rules[0]", "expected an object, found a list" },
		{ "{\"proxies\":[1]}", "1:13: proxies[0]", "expected an object, found a number" },
		{ "{\"listen\":[]}", "1:11: listen", "expected an object, found a list" },
		{ "{\"listen\":{\"port\":\"80\"}}", "1:19: listen.port", "expected a number, found a string" },
		{ "{\"user\":true}", "1:9: user", "expected a string, found true or false" },
		{ "{\"intercept\":{\"tcp_ports\":80}}", "1:27: intercept.tcp_ports", "expected a string, found a number" },
		{ "{\"intercept\":{\"exclude\":\"10.0.0.0/8\"}}", "1:25: intercept.exclude", "expected a list" },
		{ "{\"intercept\":{\"exclude\":[10]}}", "1:26: intercept.exclude[0]", "expected a string" },
		{ "{\"log\":{\"level\":7}}", "1:17: log.level", "expected a string" },
	};

	REFUSED(rows);
}

TEST(conf_refuses_broken_values)
{
	static const struct refusal rows[] = {
		{ "{\"intercept\":{\"sniff_ports\":\"80-\"}}", "1:29: intercept.sniff_ports", "not a list of ports" },
		{ "{\"intercept\":{\"mode\":\"some\"}}", "1:22: intercept.mode", "\"auto\"" },
		{ "{\"default_action\":\"block\",\"intercept\":{\"mode\":\"matched\"}}", "1:47: intercept.mode",
		    "everything can match; write \"all\"" },
		{ "{\"control\":{\"socket\":\"x\"}}", "1:22: control.socket", "not the path of a socket" },
		{ "{\"control\":{\"metrics\":\"[::1]\"}}", "1:23: control.metrics", "not a place to listen at" },
		{ "{\"default_action\":\"drop\"}", "1:19: default_action", "write \"direct\", \"proxy\" or \"block\"" },
		{ "{\"default_action\":\"proxy\"}", "1:19: default_action", "no proxy is enabled" },
		{ "{\"intercept\":{\"firewall\":\"ipfw\"}}", "1:26: intercept.firewall", "\"auto\", \"pf\", \"netfilter\" or \"none\"" },
		{ "{\"intercept\":{\"mode\":\"some\"}}", "1:22: intercept.mode", "write \"auto\"" },
		{ "{\"intercept\":{\"anchor\":\"a/b\"}}", "1:24: intercept.anchor", "write a letter" },
		{ "{\"intercept\":{\"anchor\":\"\"}}", "1:24: intercept.anchor", "write a letter" },
		{ "{\"intercept\":{\"anchor\":\"1a\"}}", "1:24: intercept.anchor", "write a letter" },
		{ "{\"intercept\":{\"anchor\":\"match\"}}", "1:24: intercept.anchor", "another name" },
		{ "{\"intercept\":{\"anchor\":\"table\"}}", "1:24: intercept.anchor", "another name" },
		{ "{\"intercept\":{\"anchor\":\"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\"}}",
		    "1:24: intercept.anchor", "up to 62" },
		{ "{\"intercept\":{\"tcp_ports\":\"0\"}}", "1:27: intercept.tcp_ports", "from 1 to 65535" },
		{ "{\"intercept\":{\"tcp_ports\":\"80,65536\"}}", "1:27: intercept.tcp_ports", "from 1 to 65535" },
		{ "{\"intercept\":{\"tcp_ports\":\"80,\"}}", "1:27: intercept.tcp_ports", "not a list of ports" },
		{ "{\"intercept\":{\"tcp_ports\":\"80 81\"}}", "1:27: intercept.tcp_ports", "not a list of ports" },
		{ "{\"intercept\":{\"tcp_ports\":\"80-\"}}", "1:27: intercept.tcp_ports", "not a list of ports" },
		{ "{\"intercept\":{\"udp_ports\":\"90-80\"}}", "1:27: intercept.udp_ports", "write 80-90" },
		{ "{\"intercept\":{\"exclude\":[\"10.0.0.1/8\"]}}", "1:26: intercept.exclude[0]", "write 10.0.0.0/8" },
		{ "{\"intercept\":{\"exclude\":[\"example.com\"]}}", "1:26: intercept.exclude[0]", "not a network" },
		{ "{\"intercept\":{\"interfaces\":[\"a b\"]}}", "1:29: intercept.interfaces[0]", "not an interface" },
		{ "{\"intercept\":{\"interfaces\":[\"eth0\",\"abcdefghijklmnop\"]}}", "1:36: intercept.interfaces[1]", "1 to 15" },
		{ "{\"intercept\":{\"on_failure\":\"shut\"}}", "1:28: intercept.on_failure", "\"open\" or \"closed\"" },
		{ "{\"intercept\":{\"quic\":\"on\"}}", "1:22: intercept.quic", "\"auto\", \"proxy\", \"block\" or \"direct\"" },
		{ "{\"listen\":{\"addresses\":[]}}", "1:24: listen.addresses", "write 1 to 8" },
		{ "{\"listen\":{\"addresses\":[\"localhost\"]}}", "1:25: listen.addresses[0]", "not an address" },
		{ "{\"listen\":{\"addresses\":[\"127.0.0.1:80\"]}}", "1:25: listen.addresses[0]", "listen.port" },
		{ "{\"listen\":{\"addresses\":[\"224.0.0.1\"]}}", "1:25: listen.addresses[0]", "multicast" },
		{ "{\"listen\":{\"addresses\":[\"::1\",\"0::1\"]}}", "1:24: listen.addresses", "twice" },
		{ "{\"listen\":{\"port\":0}}", "1:19: listen.port", "from 1 to 65535" },
		{ "{\"listen\":{\"port\":80.5}}", "1:19: listen.port", "no" },
		{ "{\"listen\":{\"port\":5353}}", "1:19: listen.port", "two different ports" },
		{ "{\"listen\":{\"port\":7,\"dns_port\":7}}", "1:32: listen.dns_port", "two different ports" },
		{ "{\"dns\":{\"servers\":\"192.0.2.1\"}}", "1:19: dns.servers", "write \"system\" or a list" },
		{ "{\"dns\":{\"servers\":[]}}", "1:19: dns.servers", "write \"system\" or a list" },
		{ "{\"dns\":{\"servers\":[\"192.0.2.1:0\"]}}", "1:20: dns.servers[0]", "not the address of a resolver" },
		{ "{\"dns\":{\"servers\":[\"2001:db8::1:99999\"]}}", "1:20: dns.servers[0]", "not the address of a resolver" },
		{ "{\"dns\":{\"servers\":[\"0.0.0.0\"]}}", "1:20: dns.servers[0]", "one host" },
		{ "{\"dns\":{\"ech\":\"drop\"}}", "1:15: dns.ech", "write \"strip\" or \"keep\"" },
		{ "{\"dns\":{\"nat64\":[\"2001:db8::/95\"]}}", "1:18: dns.nat64[0]", "32, 40, 48, 56, 64 or 96 bits" },
		{ "{\"dns\":{\"nat64\":[\"10.0.0.0/8\"]}}", "1:18: dns.nat64[0]", "not a prefix of NAT64" },
		{ "{\"dns\":{\"cache_entries\":-1}}", "1:25: dns.cache_entries", "from 0" },
		{ "{\"user\":\"root\"}", "1:9: user", "must not run as root" },
		{ "{\"user\":\"a b\"}", "1:9: user", "not a user name" },
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

	REFUSED(rows);
}

#define ONE_PROXY(text) "{\"proxies\":[{" text "}]}"
#define HEAD "\"id\":1,\"port\":1,"

TEST(conf_refuses_broken_proxies)
{
	static const struct refusal rows[] = {
		{ ONE_PROXY("\"host\":\"a\",\"port\":1,\"proxy_type\":\"Socks5\""), "1:13: proxies[0]", "\"id\" is missing" },
		{ ONE_PROXY("\"id\":1,\"port\":1,\"proxy_type\":\"Socks5\""), "1:13: proxies[0]", "\"host\" is missing" },
		{ ONE_PROXY("\"id\":1,\"host\":\"a\",\"proxy_type\":\"Socks5\""), "1:13: proxies[0]", "\"port\" is missing" },
		{ ONE_PROXY(HEAD "\"host\":\"a\""), "1:13: proxies[0]", "\"proxy_type\" is missing" },
		{ ONE_PROXY("\"id\":0"), "1:19: proxies[0].id", "from 1" },
		{ ONE_PROXY("\"id\":4294967296"), "1:19: proxies[0].id", "to 4294967295" },
		{ ONE_PROXY("\"id\":\"1\""), "1:19: proxies[0].id", "expected a number" },
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
		{ ONE_PROXY(HEAD "\"host\":\"a\",\"proxy_type\":\"Socks5\",\"dns_server\":\"x\""), "1:76: proxies[0].dns_server", "not the address of a resolver" },
		{ ONE_PROXY(HEAD "\"host\":\"a\",\"proxy_type\":\"Socks5\",\"interface\":\"\""), "1:75: proxies[0].interface", "not an interface" },
		{ "{\"proxies\":[" PROXY("") ",\n" PROXY("") "]}", "2:7: proxies[1].id", "used twice" },
	};

	REFUSED(rows);
}

TEST(conf_credentials_for_socks5_have_255_bytes_at_most)
{
	char text[2048], long_one[257];
	struct conf *c;

	memset(long_one, 'x', 256);
	long_one[256] = '\0';
	snprintf(text, sizeof(text), "{\"proxies\":[" PROXY(",\"username\":\"%s\"") "]}", long_one);
	refused(text, "1:85: proxies[0].username", "255 bytes");
	snprintf(text, sizeof(text), "{\"proxies\":[" PROXY(",\"username\":\"u\",\"password\":\"%s\"") "]}", long_one);
	refused(text, "1:100: proxies[0].password", "255 bytes");
	assert_null(strstr(report.error, "xxx"));
	snprintf(text, sizeof(text), "{\"proxies\":[" PROXY(",\"username\":\"%s\",\"password\":\"%s\"") "]}", long_one + 1, long_one + 1);
	c = parse(text);
	assert_non_null(c);
	conf_free(c);
}

TEST(conf_refuses_broken_rules)
{
	static const struct refusal rows[] = {
		{ WITH_RULES("{\"id\":1,\"pattern\":\"*\",\"proxy_id\":1,\"user\":\"a b\"}"), "2:52: rules[0].user", "\"a b\" is not a user" },
		{ WITH_RULES("{\"id\":1,\"pattern\":\"*\",\"proxy_id\":1,\"user\":1001}"), "2:52: rules[0].user", "expected a string" },
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

	REFUSED(rows);
}

RUN_TESTS(NULL, NULL)
