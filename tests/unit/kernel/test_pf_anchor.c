/*
 * The pf backend of anchor.h over a fake pfctl, a script that notes how it was called, and a fake ioctl(2).
 */
#include "config.h"

#include <sys/stat.h>

#include "../quiet_log.h"
#include "../test.h"

#include "kernel/anchor.h"
#include "kernel/pf/anchor_pf.h"
#include "kernel/pf/pf_abi.h"
#include "kernel/pf/pf_check.h"

#define ANCHORED_NAT   "rdr-anchor \"interceptor\" all\n"
#define ANCHORED_RULES "anchor \"interceptor\" all\n"
#define PLAIN_RULES    "# ours\ntable <pfi_own> { 127.0.0.0/8 }\ntable <pfi_skip> { 127.0.0.0/8 }\npass out all\n"
#define MATCHED_RULES  PLAIN_RULES "table <pfi_learned> persist\n"

/* A directory with a fake pfctl in it: prints DIR/info, DIR/rules and so on, appends its arguments to DIR/log
 * and its input to DIR/input; fails while DIR/fail exists. */
static struct {
	char          dir[64], pfctl[96], note[96], device[96];
	struct pf_env env;
	struct anchor    *a;
	struct anchor_pf *pf;           /* the same */
	const char   *interface;        /* of the last ioctl */
	unsigned long ioctls[8];
	int           nioctls;
	const char   *anchor, *killed;          /* of tables; anchor NULL: any */
	struct pfr_addr addrs[2];
	size_t        naddrs;
	int           held[4];                  /* by the tables */
} fake;

static const char *const tables[] = { "pfi_own", "pfi_skip", "pfi_targets", "pfi_learned" };

static int *
fake_held(const char *table)
{
	for (size_t i = 0; i < 4; i++)
		if (strcmp(table, tables[i]) == 0)
			return &fake.held[i];
	fail_msg("no table of ours: %s", table);
	return NULL;
}

/* As the kernel does: a table that was killed is not there. */
static int
fake_table(unsigned long request, struct pfioc_table *req)
{
	const struct pfr_addr *addrs = req->pfrio_buffer;

	if (fake.anchor != NULL)
		assert_string_equal(req->pfrio_table.pfrt_anchor, fake.anchor);
	assert_int_equal(req->pfrio_esize, sizeof(*addrs));
	assert_int_equal(req->pfrio_flags, 0);
	if (strcmp(req->pfrio_table.pfrt_name, fake.killed) == 0) {
		errno = ESRCH;
		return -1;
	}
	if (request == DIOCRGETADDRS) {
		assert_int_equal(req->pfrio_size, 0);
		req->pfrio_size = *fake_held(req->pfrio_table.pfrt_name);
		return 0;
	}
	assert_string_equal(req->pfrio_table.pfrt_name, "pfi_learned");
	fake.ioctls[fake.nioctls++] = request;
	assert_in_range(req->pfrio_size, 1, 2);
	fake.naddrs = (size_t)req->pfrio_size;
	memcpy(fake.addrs, addrs, fake.naddrs * sizeof(*addrs));
	*(request == DIOCRADDADDRS ? &req->pfrio_nadd : &req->pfrio_ndel) = req->pfrio_size;
	fake.held[3] += request == DIOCRADDADDRS ? req->pfrio_size : -req->pfrio_size;
	return 0;
}

static int
fake_ioctl(int fd, unsigned long request, void *arg)
{
	const struct pfioc_iface *iface = arg;

	if (request == DIOCRADDADDRS || request == DIOCRDELADDRS || request == DIOCRGETADDRS)
		return fake_table(request, arg);
	fake.interface = strcmp(iface->pfiio_name, "lo") == 0 ? "lo" : "lo0";
	assert_string_equal(iface->pfiio_name, fake.interface);
	assert_int_equal(iface->pfiio_flags, 0x100);
	fake.ioctls[fake.nioctls++] = request;
	return 0;
}

static void
file_put(const char *name, const char *text)
{
	char path[128];
	FILE *f;

	snprintf(path, sizeof(path), "%s/%s", fake.dir, name);
	f = fopen(path, "w");
	assert_non_null(f);
	fputs(text, f);
	fclose(f);
}

static const char *
file_get(const char *name)
{
	static char text[4096];
	char path[128];
	size_t n = 0;
	FILE *f;

	snprintf(path, sizeof(path), "%s/%s", fake.dir, name);
	f = fopen(path, "r");
	if (f != NULL) {
		n = fread(text, 1, sizeof(text) - 1, f);
		fclose(f);
	}
	text[n] = '\0';
	return text;
}

/* Opens an anchor in the fake environment, in place of the one before. */
static void
an_anchor(const struct anchor_spec *spec)
{
	anchor_close(fake.a);
	assert_int_equal(anchor_open(&fake.a, spec), 0);
	fake.pf = (struct anchor_pf *)fake.a;
	fake.pf->env = &fake.env;
}

static int
fake_setup(void **state)
{
	char script[1024];

	memset(&fake, 0, sizeof(fake));
	strcpy(fake.dir, "/tmp/pf-check.XXXXXX");
	assert_non_null(mkdtemp(fake.dir));
	snprintf(fake.pfctl, sizeof(fake.pfctl), "%s/pfctl", fake.dir);
	snprintf(fake.note, sizeof(fake.note), "%s/note", fake.dir);
	snprintf(fake.device, sizeof(fake.device), "%s/info", fake.dir);
	snprintf(script, sizeof(script), "#!/bin/sh\ncd %s || exit 3\necho \"$*\" >> log\n"
	    "echo 'No ALTQ support in kernel' >&2\n"
	    "case \"$*\" in\n"
	    "'-s info') cat info ;;\n'-v -s Interfaces') cat interfaces ;;\n'-s nat') cat nat ;;\n"
	    "'-s rules'|'-a * -s rules') cat rules ;;\n'-s states') cat states ;;\n"
	    "*'-f -') cat > input; test ! -e fail || { echo 'stdin:3: syntax error' >&2; exit 1; } ;;\n"
	    "'-a interceptor -s rules') cat loaded ;;\n'-a interceptor -s nat') cat redirections ;;\n"
	    "-E) echo 'Token : 77' >&2 ;;\nesac\nexit 0\n", fake.dir);
	file_put("pfctl", script);
	assert_int_equal(chmod(fake.pfctl, 0700), 0);
	file_put("info", "Status: Enabled for 0 days 00:00:01\n");
	file_put("interfaces", "all\nlo0\n");
	file_put("nat", ANCHORED_NAT);
	file_put("rules", ANCHORED_RULES);
	fake.anchor = "interceptor";
	fake.killed = "";
	fake.env = (struct pf_env){ &pf_freebsd, fake.pfctl, fake.device, fake.note, fake_ioctl };
	an_anchor(&(struct anchor_spec){ .name = "interceptor" });
	return 0;
}

static int
fake_teardown(void **state)
{
	static const char *const names[] = { "pfctl", "info", "interfaces", "nat", "rules", "states", "loaded", "redirections",
		"input", "log", "fail",
		"note.interceptor", "note.second" };
	char path[128];

	anchor_close(fake.a);
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		snprintf(path, sizeof(path), "%s/%s", fake.dir, names[i]);
		unlink(path);
	}
	return rmdir(fake.dir);
}

static int
prepare(void)
{
	struct conf conf;

	memset(&conf, 0, sizeof(conf));
	return anchor_prepare(fake.a, &conf);
}

/* Loads rules, as which pfctl then shows these. */
static void
load(const char *text, const char *rules, const char *redirections)
{
	file_put("loaded", rules);
	file_put("redirections", redirections);
	assert_int_equal(anchor_load(fake.a, text, false), 0);
	assert_true(anchor_healthy(fake.a));
	assert_int_equal(anchor_verify(fake.a), 0);
}

/* The rules that the daemon would load now: "redirect", "block" or "none". */
static const char *
rendered(enum on_failure on_failure)
{
	struct port_range ports = { 1, 65535 };
	struct conf conf = { .intercept = { .on_failure = on_failure, .tcp_ports = { &ports, 1 } } };
	union addr listener;
	struct anchor_input in = { .conf = &conf, .uid = 610, .listeners = &listener, .nlisteners = 1,
		.state = ANCHOR_REDIRECT };
	const char *kind;
	char *text;

	assert_int_equal(addr_parse("127.0.0.1", 10080, &listener), 0);
	text = anchor_text(fake.a, &in);
	assert_non_null(text);
	kind = strstr(text, "route-to") != NULL ? "redirect" : strstr(text, "block ") != NULL ? "block" : "none";
	free(text);
	return kind;
}

/* pfctl was called like this. */
static bool
called(const char *words)
{
	return strstr(file_get("log"), words) != NULL;
}

TEST(a_ready_pf_is_not_changed)
{
	assert_int_equal(prepare(), 0);
	assert_false(called("-e"));
	assert_false(called("-f"));
	assert_false(called("-F states"));
	assert_int_equal(fake.nioctls, 0);
	assert_int_equal(anchor_remove(fake.a), 0);
	assert_false(called("\n-d"));
	assert_int_equal(fake.nioctls, 0);
	assert_int_equal(access(fake.note, F_OK), -1);
}

TEST(a_survey_finds_out_the_same_and_changes_nothing)
{
	struct pf_place found;

	file_put("info", "Status: Disabled\n");
	file_put("nat", ANCHORED_NAT "nat-anchor \"interceptor\" all\n");
	file_put("rules", "block in all\n" ANCHORED_RULES);
	anchor_survey(fake.a);
	found = fake.pf->place;
	assert_true(found.nat && found.filtered);
	assert_false(called("-e\n") || called("-f") || called("-F"));
	assert_int_equal(fake.nioctls, 0);
	assert_string_equal(file_get("note.interceptor"), "");
	assert_int_equal(prepare(), 0);
	assert_memory_equal(&found, &fake.pf->place, sizeof(found));
}

TEST(a_disabled_pf_is_enabled_and_disabled_again)
{
	struct anchor_spec spec;

	file_put("info", "Status: Disabled\n");
	assert_int_equal(prepare(), 0);
	assert_true(called("\n-F states\n-e\n"));
	anchor_describe(fake.a, &spec);
	an_anchor(&spec); /* as the guard process does */
	assert_int_equal(anchor_remove(fake.a), 0);
	assert_true(called("\n-d\n"));
}

TEST(a_skipped_loopback_is_cleared_and_set_again)
{
	file_put("interfaces", "all\nlo0 (skip)\n");
	assert_int_equal(prepare(), 0);
	assert_int_equal(fake.nioctls, 0); /* not before the rules that take its place */
	assert_string_equal(fake.pf->place.unskipped, "lo0");
	assert_int_equal(anchor_load(fake.a, "pass\n", false), 0);
	assert_int_equal(fake.nioctls, 1);
	assert_true(fake.ioctls[0] == DIOCCLRIFFLAG);
	assert_int_equal(anchor_remove(fake.a), 0);
	assert_true(fake.ioctls[fake.nioctls - 1] == DIOCSETIFFLAG);
}

TEST(rules_that_somebody_flushed_are_asked_for_again)
{
	assert_int_equal(prepare(), 0);
	load(PLAIN_RULES, "pass out all\n", "");
	file_put("log", "");
	file_put("loaded", "");
	assert_false(anchor_healthy(fake.a));
	assert_int_equal(anchor_verify(fake.a), ESTALE);
	assert_false(called("-f -"));
}

TEST(redirections_that_somebody_flushed_are_asked_for_again)
{
	assert_int_equal(prepare(), 0);
	load(PLAIN_RULES, "pass out all\n", "rdr pass on lo0 all -> 127.0.0.1\n");
	file_put("redirections", "");
	assert_false(anchor_healthy(fake.a));
	assert_int_equal(anchor_verify(fake.a), ESTALE);
	load(PLAIN_RULES, "pass out all\n", "rdr pass on lo0 all -> 127.0.0.1\n");
}

TEST(rules_that_somebody_replaced_are_asked_for_again)
{
	static const struct pf_system *const systems[] = { &pf_freebsd, &pf_openbsd };

	for (size_t i = 0; i < 2; i++) {
		fake.env.system = systems[i];
		assert_int_equal(prepare(), 0);
		load(PLAIN_RULES, "pass out quick route-to lo0 all\n", "");
		file_put("loaded", "pass out quick all\n");
		assert_false(anchor_healthy(fake.a));
		assert_int_equal(anchor_verify(fake.a), ESTALE);
	}
	assert_true(called("-s nat\n"));
	file_put("log", "");
	assert_false(anchor_healthy(fake.a));
	assert_false(called("-s nat\n")); /* OpenBSD has no such rules */
}

TEST(rules_that_could_not_be_loaded_again_are_asked_for_until_they_are)
{
	assert_int_equal(prepare(), 0);
	fake.held[0] = 3;
	load(PLAIN_RULES, "pass out all\n", "");
	fake.held[0] = 0; /* emptied */
	assert_int_equal(anchor_verify(fake.a), ESTALE);
	file_put("fail", "");
	assert_int_equal(anchor_load(fake.a, PLAIN_RULES, false), EIO);
	assert_false(anchor_healthy(fake.a));
	assert_int_equal(anchor_verify(fake.a), ESTALE);
}

TEST(a_table_that_somebody_killed_is_asked_for_again)
{
	assert_int_equal(prepare(), 0);
	file_put("loaded", "pass out all\n");
	for (size_t i = 0; i < 8; i++) {
		fake.killed = "";
		assert_int_equal(anchor_load(fake.a, i < 4 ? MATCHED_RULES : PLAIN_RULES, false), 0);
		fake.killed = tables[i % 4];
		assert_true(anchor_healthy(fake.a) == (i >= 6));
		assert_int_equal(anchor_verify(fake.a), i < 6 ? ESTALE : 0);
	}
	assert_int_equal(fake.nioctls, 0);
}

TEST(a_table_that_somebody_emptied_is_asked_for_again)
{
	union addr list[2];

	addr_parse("192.0.2.7", 0, &list[0]);
	addr_parse("192.0.2.8", 0, &list[1]);
	assert_int_equal(prepare(), 0);
	file_put("loaded", "pass out all\n");
	for (size_t i = 0; i < 4; i++) {
		fake.held[i] = 3;
		assert_int_equal(anchor_load(fake.a, MATCHED_RULES, false), 0);
		assert_int_equal(anchor_verify(fake.a), 0);
		fake.held[i] = 0;
		assert_int_equal(anchor_verify(fake.a), ESTALE);
	}
	assert_int_equal(anchor_load(fake.a, MATCHED_RULES, false), 0);
	assert_int_equal(anchor_learn(fake.a, true, list, 2), 0);
	assert_int_equal(anchor_learn(fake.a, false, list, 1), 0);
	assert_int_equal(anchor_verify(fake.a), 0);
	fake.held[3] = 0; /* and at once something new comes in */
	assert_int_equal(anchor_learn(fake.a, true, list, 1), 0);
	assert_int_equal(anchor_verify(fake.a), ESTALE);
}

TEST(learned_addresses_go_into_the_table_together)
{
	static const uint8_t v4[] = { 192, 0, 2, 7 }, v6[] = { 0x20, 0x01, 0x0d, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 9 };
	union addr list[2];

	assert_int_equal(addr_parse("192.0.2.7", 443, &list[0]), 0);
	assert_int_equal(addr_parse("2001:db8::9", 0, &list[1]), 0);
	assert_int_equal(anchor_learn(fake.a, true, list, 2), 0);
	assert_int_equal(fake.nioctls, 1);
	assert_true(fake.ioctls[0] == DIOCRADDADDRS);
	assert_int_equal(fake.naddrs, 2);
	assert_memory_equal(&fake.addrs[0].pfra_u, v4, sizeof(v4));
	assert_int_equal(fake.addrs[0].pfra_af, AF_INET);
	assert_int_equal(fake.addrs[0].pfra_net, 32);
	assert_memory_equal(&fake.addrs[1].pfra_u, v6, sizeof(v6));
	assert_int_equal(fake.addrs[1].pfra_af, AF_INET6);
	assert_int_equal(fake.addrs[1].pfra_net, 128);
	assert_int_equal(fake.addrs[0].pfra_not + fake.addrs[1].pfra_not, 0);
	assert_int_equal(anchor_learn(fake.a, false, list + 1, 1), 0);
	assert_true(fake.ioctls[1] == DIOCRDELADDRS);
	assert_int_equal(fake.naddrs, 1);
	assert_int_equal(fake.addrs[0].pfra_af, AF_INET6);
}

TEST(learned_addresses_go_to_the_anchors_real_place)
{
	union addr one;

	addr_parse("192.0.2.7", 0, &one);
	strcpy(fake.pf->changes.path, "com.apple/100.interceptor");
	fake.anchor = "com.apple/100.interceptor";
	assert_int_equal(anchor_learn(fake.a, true, &one, 1), 0);
	assert_int_equal(fake.nioctls, 1);
	fake.killed = "pfi_learned";
	assert_int_equal(anchor_learn(fake.a, true, &one, 1), ESRCH);
	fake.env.device = "/nonexistent/pf";
	assert_int_equal(anchor_learn(fake.a, true, &one, 1), ENOENT);
}

TEST(what_somebody_turned_off_is_turned_on_again)
{
	assert_int_equal(prepare(), 0);
	load(PLAIN_RULES, "pass out all\n", "");
	file_put("info", "Status: Disabled\n");
	assert_false(anchor_healthy(fake.a));
	assert_int_equal(anchor_verify(fake.a), 0);
	assert_true(called("\n-e\n"));
	assert_non_null(strstr(file_get("note.interceptor"), "enabled=1"));
	file_put("info", "Status: Enabled\n");
	file_put("interfaces", "all\nlo0 (skip)\n");
	assert_false(anchor_healthy(fake.a));
	assert_int_equal(anchor_verify(fake.a), ESTALE);
	assert_string_equal(fake.pf->place.unskipped, "lo0");
	assert_non_null(strstr(file_get("note.interceptor"), "skip=1"));
}

TEST(what_another_daemon_needs_is_left_to_it)
{
	char note[96];

	snprintf(note, sizeof(note), "pid=%ld enabled=1 skip=1 token=0 path=-\n", (long)getpid());
	file_put("note.second", note);
	assert_int_equal(prepare(), 0);
	assert_false(called("-F all")); /* it is no earlier run of ours */
	assert_non_null(strstr(file_get("note.interceptor"), "enabled=1 skip=1"));
	assert_string_equal(fake.pf->place.unskipped, "lo0");
	fake.nioctls = 0;
	assert_int_equal(anchor_remove(fake.a), 0);
	assert_false(called("\n-d\n"));
	assert_int_equal(fake.nioctls, 0);
	assert_string_equal(file_get("note.interceptor"), "");
	assert_string_equal(file_get("note.second"), note);
}

TEST(the_last_daemon_puts_back_what_was_changed)
{
	char note[96];

	snprintf(note, sizeof(note), "pid=%ld enabled=1 skip=1 token=0 path=-\n", (long)getpid());
	file_put("note.second", note);
	assert_int_equal(prepare(), 0);
	file_put("note.second", "pid=2147483646 enabled=1 skip=1 token=0 path=-\n");
	assert_int_equal(anchor_remove(fake.a), 0);
	assert_true(called("\n-d\n"));
	assert_true(fake.ioctls[fake.nioctls - 1] == DIOCSETIFFLAG);
}

/* The main ruleset is the administrator's. Rules that redirect would lead to nobody without their redirections. */
TEST(an_anchor_that_is_no_longer_evaluated_redirects_nothing_until_it_is_again)
{
	static const char *const main_rules[] = { ANCHORED_RULES, "pass all\n" };

	assert_int_equal(prepare(), 0);
	for (size_t i = 0; i < 2; i++) {
		load(PLAIN_RULES, "pass out all\n", "rdr pass on lo0 all -> 127.0.0.1\n");
		assert_string_equal(rendered(FAIL_OPEN), "redirect");
		file_put("nat", "");
		file_put("rules", main_rules[i]);
		assert_false(anchor_healthy(fake.a));
		assert_int_equal(anchor_verify(fake.a), ESTALE);
		assert_string_equal(rendered(FAIL_OPEN), "none");
		assert_string_equal(rendered(FAIL_CLOSED), "block");
		fake.killed = "pfi_own"; /* goes with the rules */
		load("\n", "", "");
		fake.killed = "";
		file_put("nat", ANCHORED_NAT);
		file_put("rules", ANCHORED_RULES);
		assert_false(anchor_healthy(fake.a));
		assert_int_equal(anchor_verify(fake.a), ESTALE);
		assert_string_equal(rendered(FAIL_OPEN), "redirect");
	}
}

TEST(a_block_whose_redirections_are_not_evaluated_is_put_back)
{
	assert_int_equal(prepare(), 0);
	load(PLAIN_RULES, "pass out all\n", "rdr pass on lo0 all -> 127.0.0.1\n");
	file_put("nat", "");
	assert_int_equal(anchor_verify(fake.a), ESTALE);
	load(PLAIN_RULES, "block return out all\n", "");
	file_put("loaded", "");
	assert_false(anchor_healthy(fake.a));
	assert_int_equal(anchor_verify(fake.a), ESTALE);
}

TEST(an_anchor_that_is_no_longer_evaluated_is_an_error_once)
{
	static const struct { bool keep; const char *rules, *last; } list[] = {
		{ false, ANCHORED_RULES, "traffic goes direct" },
		{ true, ANCHORED_RULES, "traffic is blocked" },
		{ true, "pass all\n", "traffic goes direct: intercept.on_failure is \"closed\"" },
	};

	for (size_t i = 0; i < 3; i++) {
		file_put("nat", ANCHORED_NAT);
		file_put("rules", ANCHORED_RULES);
		an_anchor(&(struct anchor_spec){ .name = "interceptor" });
		assert_int_equal(anchor_load(fake.a, PLAIN_RULES, list[i].keep), 0);
		file_put("nat", "");
		file_put("rules", list[i].rules);
		quiet_log.errors = 0;
		assert_int_equal(anchor_verify(fake.a), ESTALE);
		assert_int_equal(quiet_log.errors, 2); /* with the cure; and what happens meanwhile */
		assert_non_null(strstr(quiet_log.last, list[i].last));
		assert_int_equal(anchor_load(fake.a, "\n", list[i].keep), 0);
		assert_int_equal(anchor_verify(fake.a), 0);
		assert_int_equal(quiet_log.errors, 2);
	}
}

TEST(a_second_place_in_the_main_ruleset_of_macos_takes_nothing_away)
{
	fake.env.system = &pf_macos;
	fake.anchor = NULL;
	file_put("nat", "rdr-anchor \"com.apple/*\" all\n");
	file_put("rules", "anchor \"com.apple/*\" all\n");
	assert_int_equal(prepare(), 0);
	load(PLAIN_RULES, "", "");
	file_put("nat", "rdr-anchor \"com.apple/*\" all\n" ANCHORED_NAT);
	file_put("rules", "anchor \"com.apple/*\" all\n" ANCHORED_RULES);
	assert_true(anchor_healthy(fake.a));
	assert_int_equal(anchor_verify(fake.a), 0);
}

/* Measured: OpenBSD takes an interface's flag from its group again, and only with the next load. */
TEST(the_groups_skip_flag_is_cleared_and_set_again_on_openbsd)
{
	fake.env.system = &pf_openbsd;
	file_put("interfaces", "lo (skip)\nlo0 (skip)\n");
	assert_int_equal(prepare(), 0);
	assert_string_equal(fake.pf->place.unskipped, "lo");
	fake.nioctls = 0;
	assert_int_equal(anchor_load(fake.a, "pass\n", false), 0);
	assert_int_equal(fake.nioctls, 2);
	fake.nioctls = 0;
	assert_int_equal(anchor_remove(fake.a), 0);
	assert_int_equal(fake.nioctls, 1);
	assert_true(fake.ioctls[0] == DIOCSETIFFLAG);
	assert_string_equal(fake.interface, "lo");
}

TEST(an_unreferenced_anchor_stops_the_start_and_changes_nothing)
{
	file_put("info", "Status: Disabled\n");
	file_put("rules", "pass all\n");
	assert_int_equal(prepare(), ENOENT);
	assert_false(called("-e\n"));
}

TEST(macos_takes_a_reference_and_a_place_under_com_apple)
{
	fake.env.system = &pf_macos;
	file_put("nat", "rdr-anchor \"com.apple/*\" all\n");
	file_put("rules", "anchor \"com.apple/*\" all\n");
	assert_int_equal(prepare(), 0);
	assert_true(fake.pf->changes.token == 77);
	assert_string_equal(fake.pf->changes.path, "com.apple/100.interceptor");
	fake.anchor = fake.pf->changes.path;
	assert_int_equal(anchor_load(fake.a, "pass\n", false), 0);
	assert_string_equal(file_get("input"), "pass\n");
	assert_true(called("-a com.apple/100.interceptor -f -\n"));
	assert_int_equal(anchor_remove(fake.a), 0);
	assert_true(called("-X 77\n"));
	assert_false(called("\n-d\n"));
}

TEST(a_stale_token_is_released_and_what_was_changed_is_inherited)
{
	fake.env.system = &pf_macos;
	fake.anchor = NULL;
	file_put("states", "ALL udp 127.0.0.1:10080 <- 203.0.113.7:443 <- 10.0.0.5:50000       SINGLE:MULTIPLE\n");
	file_put("note.interceptor", "pid=2147483646 enabled=0 skip=1 token=55 path=com.apple/100.interceptor\n");
	file_put("interfaces", "all\nlo0 (skip)\n"); /* as it will be, when it was put back */
	assert_true(pf_note_is_stale(&fake.env, "interceptor"));
	assert_int_equal(prepare(), 0);
	assert_true(called("-X 55\n"));
	assert_true(called("-a com.apple/100.interceptor -F all\n"));
	assert_true(called("-q -k 10.0.0.5 -k 203.0.113.7\n"));
	assert_true(fake.pf->changes.token == 77);
	assert_true(fake.ioctls[0] == DIOCSETIFFLAG);
	assert_int_equal(fake.pf->changes.skip_cleared, 1);
	assert_string_equal(fake.pf->changes.path, "");
	assert_false(pf_note_is_stale(&fake.env, "interceptor"));
	assert_int_equal(anchor_remove(fake.a), 0);
	assert_true(fake.ioctls[fake.nioctls - 1] == DIOCSETIFFLAG);
}

TEST(states_of_intercepted_flows_are_killed_by_their_labels)
{
	anchor_forget(fake.a);
	assert_true(called("-q -k label -k pfinterceptd: TCP\n"));
	assert_true(called("-q -k label -k pfinterceptd: DNS over UDP\n"));
	assert_false(called("own traffic"));
}

TEST(a_text_that_pfctl_refuses_is_an_error)
{
	file_put("fail", "");
	assert_int_equal(anchor_load(fake.a, "nonsense\n", false), EIO);
}

TEST(a_missing_pfctl_is_a_finding)
{
	struct pf_report r;

	fake.env.pfctl = "/nonexistent/pfctl";
	assert_int_equal(pf_check_read(&fake.env, "interceptor", &r), 0);
	assert_int_equal(r.pfctl_error, ENOENT);
	assert_int_equal(prepare(), ENOENT);
}

RUN_TESTS(fake_setup, fake_teardown)
