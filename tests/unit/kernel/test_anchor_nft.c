/*
 * The nftables table: what would be given to nft(8), compared with tests/golden and, for the plain case, with
 * the commented file for people, pf/netfilter.nft.in. GOLDEN_WRITE=1 writes the golden files instead.
 */
#include "config.h"

#include "../test.h"

#include "kernel/nft/anchor_nft.h"

static const char *
path(const char *name)
{
	static char file[1024];
	const char *top = getenv("top_srcdir");

	snprintf(file, sizeof(file), "%s/%s", top != NULL ? top : ".", name);
	return file;
}

static char *
slurp(const char *name)
{
	char *text = calloc(1, 1u << 16);
	FILE *file = fopen(path(name), "r");

	assert_non_null(text);
	if (file == NULL)
		fail_msg("%s is not there", name);
	assert_true(fread(text, 1, (1u << 16) - 1, file) > 0);
	fclose(file);
	return text;
}

static const char *rules;       /* of the configuration, JSON */

/* The mode is "all" unless intercept names one. */
static char *
render(const char *intercept, const char *listen, enum anchor_state state)
{
	char json[1024], *text = NULL;
	struct conf_report report = { .error = "" };
	struct anchor_input in = { .uid = 610, .state = state };
	union addr listeners[2], proxies[2];
	struct conf *conf;
	size_t len;
	FILE *out;

	snprintf(json, sizeof(json), "{ \"intercept\": { %s%s%s }, \"listen\": { \"addresses\": [ %s ] }, \"rules\": [ %s ] }",
	    strstr(intercept, "\"mode\"") == NULL ? "\"mode\": \"all\"" : "",
	    *intercept != '\0' && strstr(intercept, "\"mode\"") == NULL ? ", " : "", intercept, listen, rules != NULL ? rules : "");
	conf = conf_parse("test", json, strlen(json), &report);
	if (conf == NULL)
		fail_msg("%s", report.error);
	for (size_t i = 0; i < conf->listen.naddresses; i++)
		listeners[in.nlisteners++] = conf->listen.addresses[i];
	addr_parse("198.51.100.7", 1080, &proxies[0]);
	addr_parse("2001:db8::7", 1080, &proxies[1]);
	in.conf = conf;
	in.listeners = listeners;
	in.proxies = proxies;
	in.nproxies = 2;
	out = open_memstream(&text, &len);
	assert_int_equal(anchor_nft_render(out, &in), 0);
	fclose(out);
	conf_free(conf);
	return text;
}

static void
compare(const char *golden, char *text)
{
	char *expected;

	if (getenv("GOLDEN_WRITE") != NULL) {
		FILE *file = fopen(path(golden), "w");

		assert_non_null(file);
		fputs(text, file);
		fclose(file);
	}
	expected = slurp(golden);
	assert_string_equal(text, expected);
	free(expected);
	free(text);
}

#define BOTH "\"127.0.0.1\", \"::1\""

TEST(anchor_nft_intercepts_this_host)
{
	compare("tests/golden/nft-local.txt", render("", BOTH, ANCHOR_REDIRECT));
}

TEST(anchor_nft_intercepts_forwarded_traffic)
{
	compare("tests/golden/nft-gateway.txt", render("\"interfaces\": [\"eth1\", \"wg0\"]", BOTH, ANCHOR_REDIRECT));
}

TEST(anchor_nft_leaves_a_family_without_listener_alone)
{
	char *text = render("\"udp_ports\": \"1000-2000,443\"", "\"127.0.0.1\"", ANCHOR_REDIRECT);

	assert_null(strstr(text, "nfproto ipv6"));
	compare("tests/golden/nft-ipv4.txt", text);
}

TEST(anchor_nft_blocks_when_closed)
{
	char *text = render("\"interfaces\": [\"eth1\"]", BOTH, ANCHOR_BLOCK);

	assert_null(strstr(text, "dnat"));
	compare("tests/golden/nft-closed.txt", text);
}

TEST(anchor_nft_excludes_networks)
{
	char *text = render("\"exclude\": [\"172.16.0.0/12\", \"2001:db8:5::/48\"]", BOTH, ANCHOR_REDIRECT);

	assert_non_null(strstr(text, ", 172.16.0.0/12,"));
	assert_non_null(strstr(text, ", 2001:db8:5::/48,"));
	assert_non_null(strstr(text, ", 64:ff9b::ac10:0/108,")); /* 172.16.0.0/12 by NAT64 */
	free(text);
}

#define MATCHED "\"mode\": \"matched\", \"tcp_ports\": \"1-500\", \"sniff_ports\": \"80,443,8080\""
#define BLOCK(id, patterns) "{ \"id\": " id ", \"pattern\": \"" patterns "\", \"action\": \"block\" }"

TEST(anchor_nft_intercepts_what_rules_can_match)
{
	rules = BLOCK("1", "10.0.0.0/8;example.com") ", { \"id\": 2, \"pattern\": \"192.0.2.1\", \"action\": \"direct\" }";
	compare("tests/golden/nft-matched.txt", render(MATCHED, BOTH, ANCHOR_REDIRECT));
	compare("tests/golden/nft-matched-gateway.txt", render(MATCHED ", \"interfaces\": [\"eth1\"]", BOTH, ANCHOR_REDIRECT));
	compare("tests/golden/nft-matched-closed.txt", render(MATCHED ", \"interfaces\": [\"eth1\"]", BOTH, ANCHOR_BLOCK));
	rules = NULL;
}

TEST(anchor_nft_matches_everything_by_a_star)
{
	char *text;

	rules = BLOCK("1", "*");
	text = render(MATCHED, BOTH, ANCHOR_REDIRECT);
	assert_non_null(strstr(text, "elements = { 0.0.0.0/0 }"));
	assert_non_null(strstr(text, "elements = { ::/0 }"));
	free(text);
	rules = NULL;
}

TEST(anchor_nft_is_empty_when_nothing_is_intercepted)
{
	char *text = render("", BOTH, ANCHOR_EMPTY);

	assert_null(strstr(text, "dnat"));
	assert_null(strstr(text, "tproxy"));
	assert_non_null(strstr(text, "ct direction reply return")); /* keeps connections under way translated */
	free(text);
}

/* The file for people without its comments is what the daemon loads. */
TEST(anchor_nft_is_what_the_commented_file_shows)
{
	char *file = slurp("pf/netfilter.nft.in"), *text = render("", BOTH, ANCHOR_REDIRECT), *line, *rest = file;
	char shown[1u << 14] = "";

	while ((line = strsep(&rest, "\n")) != NULL) {
		if (line[strspn(line, "\t ")] == '#' || line[strspn(line, "\t ")] == '\0')
			continue;
		strcat(strcat(shown, line), "\n");
	}
	assert_string_equal(shown, text);
	free(text);
	free(file);
}

RUN_TESTS(NULL, NULL)
