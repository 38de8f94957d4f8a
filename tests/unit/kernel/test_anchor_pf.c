/*
 * Anchor text for pf: what an administrator's pf would be given, compared with tests/golden. Set
 * GOLDEN_WRITE=1 to write the files instead (and read the difference).
 */
#include "config.h"

#include <ctype.h>

#include "../test.h"

#include "kernel/pf/pf_system.h"
#include "kernel/pf/pf_text.h"

/* An input with everything in place, to be changed by a test. */
struct scene {
	struct conf         conf;
	struct port_range   tcp[3], udp[3];
	struct network      local[3], exclude[1];
	union addr          listeners[3], proxies[2];
	const char         *interfaces[1];
	struct pattern      patterns[6];
	struct conf_rule    rules[4];
	struct port_range   sniff[2];
	struct anchor_input in;
	struct pf_place     place;
};

static void
scene_make(struct scene *s)
{
	memset(s, 0, sizeof(*s));
	s->tcp[0] = s->udp[0] = (struct port_range){ 1, 65535 };
	s->conf.intercept.tcp_ports = (struct port_list){ s->tcp, 1 };
	s->conf.intercept.udp_ports = (struct port_list){ s->udp, 1 };
	s->conf.dns.enabled = true;
	s->conf.listen.port = 10080;
	s->conf.listen.dns_port = 5353;
	assert_int_equal(network_parse("10.1.1.1", &s->local[0]), 0);
	assert_int_equal(network_parse("10.2.2.1", &s->local[1]), 0);
	assert_int_equal(network_parse("fd00:1::1", &s->local[2]), 0);
	assert_int_equal(network_parse("172.16.0.0/12", &s->exclude[0]), 0);
	assert_int_equal(addr_parse("127.0.0.1", 10080, &s->listeners[0]), 0);
	assert_int_equal(addr_parse("::1", 10080, &s->listeners[1]), 0);
	assert_int_equal(addr_parse("fd00:2::1", 10080, &s->listeners[2]), 0);
	assert_int_equal(addr_parse("198.51.100.7", 1080, &s->proxies[0]), 0);
	assert_int_equal(addr_parse("2001:db8::7", 1080, &s->proxies[1]), 0);
	s->conf.intercept.exclude = s->exclude;
	s->conf.intercept.nexclude = 1;
	s->interfaces[0] = "em1";
	s->conf.intercept.interfaces = s->interfaces;
	s->in = (struct anchor_input){ .conf = &s->conf, .uid = 610, .listeners = s->listeners, .nlisteners = 2,
		.proxies = s->proxies, .nproxies = 2, .local = s->local, .nlocal = 3, .state = ANCHOR_REDIRECT };
}

static char *
text_of(const struct pf_system *system, const struct scene *s)
{
	char *text = NULL;
	size_t len;
	FILE *out = open_memstream(&text, &len);

	assert_non_null(out);
	assert_int_equal(system->render(out, &s->in, &s->place), 0);
	assert_int_equal(fclose(out), 0);
	return text;
}

static void
check_golden(const struct pf_system *system, const char *name, const struct scene *s)
{
	const char *top = getenv("top_srcdir");
	char *text = text_of(system, s);
	char path[512], want[65536];
	FILE *f;
	size_t n;

	snprintf(path, sizeof(path), "%s/tests/golden/%s-%s.conf", top != NULL ? top : ".", system->name, name);
	for (char *p = strrchr(path, '/'); *p != '\0'; p++)
		*p = (char)tolower((unsigned char)*p);
	f = fopen(path, getenv("GOLDEN_WRITE") != NULL ? "w" : "r");
	if (f == NULL)
		fail_msg("%s: %s", path, strerror(errno));
	if (getenv("GOLDEN_WRITE") != NULL) {
		fputs(text, f);
	} else {
		n = fread(want, 1, sizeof(want) - 1, f);
		want[n] = '\0';
		assert_string_equal(text, want);
	}
	fclose(f);
	free(text);
}

/* Mode "matched": rule 1 is proxied, rule 2 direct, rule 3 not enabled. Names have made-up addresses. */
static void
scene_match(struct scene *s)
{
	static struct network fake_ip;
	static const char *const networks[] = { "10.0.0.0/8", "172.16.9.0/24", "2001:db8:5::/48", "192.0.2.1", "192.0.2.2" };

	for (size_t i = 0; i < 5; i++) {
		s->patterns[i].kind = PATTERN_NETWORK;
		assert_int_equal(network_parse(networks[i], &s->patterns[i].network), 0);
	}
	s->patterns[5].kind = PATTERN_NAME;
	s->rules[0] = (struct conf_rule){ .enabled = true, .action = ACTION_PROXY, .patterns = s->patterns, .npatterns = 3 };
	s->rules[1] = (struct conf_rule){ .enabled = true, .action = ACTION_DIRECT, .patterns = s->patterns + 3, .npatterns = 1 };
	s->rules[2] = (struct conf_rule){ .action = ACTION_BLOCK, .patterns = s->patterns + 4, .npatterns = 1 };
	s->rules[3] = (struct conf_rule){ .enabled = true, .action = ACTION_PROXY, .patterns = s->patterns + 5, .npatterns = 1 };
	s->conf.rules = s->rules;
	s->conf.nrules = 4;
	assert_int_equal(network_parse("198.18.0.0/15", &fake_ip), 0);
	s->conf.dns.fake_ip = &fake_ip;
	s->conf.dns.nfake_ip = 1;
	s->sniff[0] = (struct port_range){ 80, 80 };
	s->sniff[1] = (struct port_range){ 443, 443 };
	s->conf.intercept.sniff_ports = (struct port_list){ s->sniff, 2 };
	s->conf.intercept.mode = MODE_MATCHED;
}

/* The text without comments and empty lines, in place. */
static void
strip(char *text)
{
	char *to = text;

	for (char *line = text, *end; *line != '\0'; line = end) {
		end = line + strcspn(line, "\n");
		end += *end == '\n';
		if (*line == '#' || *line == '\n')
			continue;
		memmove(to, line, (size_t)(end - line));
		to += end - line;
	}
	*to = '\0';
}

static void
check_for_people(const struct pf_system *system, const char *file, const struct scene *s)
{
	const char *top = getenv("top_srcdir");
	char *text = text_of(system, s);
	char path[512], shown[65536];
	size_t n;
	FILE *f;

	snprintf(path, sizeof(path), "%s/pf/%s", top != NULL ? top : ".", file);
	f = fopen(path, "r");
	if (f == NULL)
		fail_msg("%s: %s", path, strerror(errno));
	n = fread(shown, 1, sizeof(shown) - 1, f);
	shown[n] = '\0';
	fclose(f);
	strip(text);
	strip(shown);
	assert_string_equal(text, shown);
	free(text);
}

static void
check_all(const char *name, const struct scene *s)
{
	check_golden(&pf_macos, name, s);
	check_golden(&pf_freebsd, name, s);
	check_golden(&pf_openbsd, name, s);
}

static size_t
count(const char *text, const char *what)
{
	size_t n = 0;

	for (const char *p = strstr(text, what); p != NULL; p = strstr(p + 1, what))
		n++;
	return n;
}

TEST(text_for_this_host)
{
	struct scene s;

	scene_make(&s);
	check_all("local", &s);
}

TEST(the_files_for_people_show_the_same_rules)
{
	struct scene s;

	scene_make(&s);
	check_for_people(&pf_freebsd, "rdr.conf.in", &s);
	check_for_people(&pf_macos, "rdr.conf.in", &s);
	check_for_people(&pf_openbsd, "divert.conf.in", &s);
}

TEST(text_for_a_gateway)
{
	struct scene s;

	scene_make(&s);
	s.in.nlisteners = 3;
	s.conf.intercept.ninterfaces = 1;
	check_all("gateway", &s);
}

TEST(text_with_ipv4_only)
{
	struct scene s;

	scene_make(&s);
	s.in.nlisteners = 1;
	check_all("ipv4", &s);
}

TEST(text_without_udp_has_dns_still)
{
	struct scene s;

	scene_make(&s);
	s.conf.intercept.udp_ports.count = 0;
	s.tcp[0] = (struct port_range){ 80, 80 };
	s.tcp[1] = (struct port_range){ 443, 443 };
	s.tcp[2] = (struct port_range){ 8000, 8999 };
	s.conf.intercept.tcp_ports.count = 3;
	check_all("noudp", &s);
}

TEST(text_of_the_closed_block_set)
{
	struct scene s;

	scene_make(&s);
	s.in.nlisteners = 3;
	s.conf.intercept.ninterfaces = 1;
	s.in.state = ANCHOR_BLOCK;
	check_all("closed", &s);
}

TEST(text_for_what_rules_can_match)
{
	struct scene s;

	scene_make(&s);
	scene_match(&s);
	check_all("matched", &s);
	s.in.nlisteners = 3;
	s.conf.intercept.ninterfaces = 1;
	check_all("matched-gateway", &s);
	s.in.state = ANCHOR_BLOCK;
	check_all("matched-closed", &s);
}

/* Else connections to the host's own addresses would be redirected again and again. */
TEST(what_is_never_intercepted_is_taken_out_of_the_targets)
{
	struct scene s;
	char *text, *targets;

	scene_make(&s);
	scene_match(&s);
	text = text_of(&pf_freebsd, &s);
	targets = strstr(text, "table <pfi_targets> {\n\t10.0.0.0/8\n\t198.18.0.0/15\n\t2001:db8:5::/48\n\t!10.1.1.1/32\n\t!10.2.2.1/32\n}\n");
	assert_non_null(targets);
	free(text);
	s.patterns[0].kind = PATTERN_ANY;
	text = text_of(&pf_freebsd, &s);
	targets = strstr(text, "table <pfi_targets> {\n\t0.0.0.0/0\n\t::/0\n\t!0.0.0.0/8\n");
	assert_non_null(targets);
	assert_non_null(strstr(targets, "\t!198.51.100.7/32\n"));
	assert_non_null(strstr(targets, "\t!172.16.0.0/12\n"));
	free(text);
}

TEST(text_with_ten_thousand_networks_to_match)
{
	const struct pf_system *const systems[] = { &pf_macos, &pf_freebsd, &pf_openbsd };
	struct pattern *patterns = calloc(10000, sizeof(*patterns));
	struct network *holes = calloc(10000, sizeof(*holes));
	struct scene s;
	char *text;

	assert_non_null(patterns);
	assert_non_null(holes);
	scene_make(&s);
	scene_match(&s);
	for (size_t i = 0; i < 10000; i++) {
		patterns[i].kind = PATTERN_NETWORK;
		patterns[i].network = (struct network){ .family = AF_INET, .prefix = 24,
			.bytes = { 20, (uint8_t)(i >> 8), (uint8_t)i, 0 } };
		holes[i] = patterns[i].network;
		holes[i].prefix = 32;
		holes[i].bytes[3] = 1;
	}
	s.rules[0].patterns = patterns;
	s.rules[0].npatterns = 10000;
	s.conf.intercept.exclude = holes;
	s.conf.intercept.nexclude = 10000;
	for (size_t i = 0; i < 3; i++) {
		text = text_of(systems[i], &s);
		assert_int_equal(count(text, ".0/24\n"), 10000);
		assert_int_equal(count(text, "\t!20."), 10000);
		assert_non_null(strstr(text, "\t20.39.15.0/24\n"));
		assert_non_null(strstr(text, "\t!20.39.15.1/32\n"));
		free(text);
	}
	free(patterns);
	free(holes);
}

TEST(text_of_nothing_is_an_empty_line)
{
	struct scene s;
	char *text;

	scene_make(&s);
	s.in.state = ANCHOR_EMPTY;
	text = text_of(&pf_freebsd, &s);
	assert_string_equal(text, "\n");
	free(text);
	text = text_of(&pf_openbsd, &s);
	assert_string_equal(text, "\n");
	free(text);
}

TEST(text_with_ten_thousand_excluded_networks)
{
	const struct pf_system *const systems[] = { &pf_macos, &pf_freebsd, &pf_openbsd };
	struct network *nets = calloc(10000, sizeof(*nets));
	struct scene s;
	char *text, *small;

	assert_non_null(nets);
	scene_make(&s);
	for (size_t i = 0; i < 10000; i++)
		nets[i] = (struct network){ .family = AF_INET, .prefix = 24,
			.bytes = { 20, (uint8_t)(i >> 8), (uint8_t)i, 0 } };
	for (size_t i = 0; i < 3; i++) {
		s.conf.intercept.nexclude = 0;
		small = text_of(systems[i], &s);
		s.conf.intercept.exclude = nets;
		s.conf.intercept.nexclude = 10000;
		text = text_of(systems[i], &s);
		assert_int_equal(count(text, "\t20."), 10000);
		assert_non_null(strstr(text, "\t20.0.0.0/24\n"));
		assert_non_null(strstr(text, "\t20.39.15.0/24\n"));
		assert_int_equal(count(text, "\n"), count(small, "\n") + 10000);
		assert_string_equal(strstr(text, "# The daemon"), strstr(small, "# The daemon"));
		free(text);
		free(small);
	}
	free(nets);
}

TEST(translation_stands_before_filter_rules_and_the_text_ends_with_a_newline)
{
	const char *last = NULL;
	struct scene s;
	char *text;

	scene_make(&s);
	s.in.nlisteners = 3;
	s.conf.intercept.ninterfaces = 1;
	text = text_of(&pf_macos, &s);
	for (const char *p = strstr(text, "\nrdr "); p != NULL; p = strstr(p + 1, "\nrdr "))
		last = p;
	assert_non_null(last);
	assert_true(last < strstr(text, "\npass "));
	assert_int_equal(text[strlen(text) - 1], '\n');
	free(text);
}

TEST(udp_flows_get_ports_of_their_own_where_nat_rules_are_evaluated)
{
	struct scene s;
	char *text;

	scene_make(&s);
	text = text_of(&pf_freebsd, &s);
	assert_null(strstr(text, "\nnat "));
	free(text);
	s.place.nat = true;
	text = text_of(&pf_freebsd, &s);
	assert_non_null(strstr(text, "\nnat on ! lo0 inet proto udp from <pfi_own> to ! <pfi_skip> port 53 -> "
	    "0.0.0.0/0 port 1024:65535 bitmask\n"));
	assert_non_null(strstr(text, "\nnat on ! lo0 inet6 proto udp from <pfi_own> to ! <pfi_skip> port 53 -> "
	    "::/0 port 1024:65535 bitmask\n"));
	assert_int_equal(count(text, "\nnat "), 4);
	assert_true(strstr(text, "\nnat ") < strstr(text, "\nrdr "));
	free(text);
}

/* Else "block in" of the main ruleset would cut off every server on loopback. */
TEST(a_loopback_that_was_skipped_is_passed_in_every_state_as_the_last_rule)
{
	static const enum anchor_state states[] = { ANCHOR_EMPTY, ANCHOR_REDIRECT, ANCHOR_BLOCK };
	static const char rule[] = "pass quick on lo0 no state\n";
	const struct pf_system *const systems[] = { &pf_macos, &pf_freebsd, &pf_openbsd };
	struct scene s;
	char *text;

	scene_make(&s);
	strcpy(s.place.unskipped, "lo0");
	for (size_t i = 0; i < 9; i++) {
		s.in.state = states[i % 3];
		text = text_of(systems[i / 3], &s);
		assert_int_equal(count(text, rule), 1);
		assert_null(strstr(strstr(text, rule) + strlen(rule), "pass"));
		free(text);
	}
}

/* Measured: redirecting IPv6 of other hosts to ::1 never completes. */
TEST(gateway_ipv6_needs_a_listener_off_loopback_with_rdr_but_not_with_divert)
{
	struct scene s;
	char *text;

	scene_make(&s);
	s.conf.intercept.ninterfaces = 1;
	text = text_of(&pf_freebsd, &s);
	assert_null(strstr(text, "on em1 inet6"));
	free(text);
	text = text_of(&pf_openbsd, &s);
	assert_non_null(strstr(text, "on em1 inet6"));
	free(text);
}

TEST(a_wildcard_listener_is_never_a_target)
{
	struct scene s;
	char *text;

	scene_make(&s);
	assert_int_equal(addr_parse("0.0.0.0", 10080, &s.listeners[0]), 0);
	assert_int_equal(addr_parse("::", 10080, &s.listeners[1]), 0);
	text = text_of(&pf_freebsd, &s);
	assert_null(strstr(text, "rdr "));
	assert_null(strstr(text, "route-to"));
	free(text);
}

/* Else a rule of ours would let in what an earlier "block in" keeps out. */
TEST(nothing_is_passed_in_where_the_main_ruleset_blocks)
{
	struct scene s;
	char *text;

	scene_make(&s);
	text = text_of(&pf_freebsd, &s);
	assert_int_equal(count(text, "\npass in "), 1);
	free(text);
	s.place.filtered = true;
	text = text_of(&pf_freebsd, &s);
	assert_int_equal(count(text, "\npass in "), 0);
	free(text);
}

TEST(dhcp_is_left_alone)
{
	struct scene s;
	char *text;

	scene_make(&s);
	text = text_of(&pf_freebsd, &s);
	assert_non_null(strstr(text, "proto udp from ! 127.0.0.0/8 to ! <pfi_skip> port { 1:66, 69:545, 548:65535 } ->"));
	free(text);
	s.udp[0] = (struct port_range){ 67, 68 };
	text = text_of(&pf_freebsd, &s);
	assert_null(strstr(text, PF_LABEL_UDP "\""));
	free(text);
}

TEST(the_rules_are_those_of_the_daemons_routing_domain)
{
	struct scene s;
	char *text;

	scene_make(&s);
	s.place.rdomain = 3;
	text = text_of(&pf_openbsd, &s);
	assert_non_null(strstr(text, "pass out quick on rdomain 3 inet "));
	assert_non_null(strstr(text, "pass in quick on lo3 inet "));
	assert_null(strstr(text, "lo0"));
	free(text);
}

TEST(a_name_that_is_no_interface_is_refused)
{
	static const char *const bad[] = { "", "em1 keep", "em\"1", "em1\npass", "!em1", "1em" };
	char *text = NULL;
	struct scene s;
	size_t len;
	FILE *out;

	scene_make(&s);
	s.conf.intercept.ninterfaces = 1;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		s.interfaces[0] = bad[i];
		out = open_memstream(&text, &len);
		assert_int_equal(anchor_pf_text(out, &s.in, &s.place), EINVAL);
		fclose(out);
		free(text);
	}
}

TEST(labels_fit_into_pf)
{
	for (size_t i = 0; pf_labels[i] != NULL; i++)
		assert_in_range(strlen(pf_labels[i]), 1, 63);
}

RUN_TESTS(NULL, NULL)
