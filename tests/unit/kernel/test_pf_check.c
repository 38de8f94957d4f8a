/*
 * What pfctl prints, and what is made of it: the checks one by one over text, and the whole of prepare, load
 * and remove over a fake pfctl that notes how it was called.
 */
#include "config.h"

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <cmocka.h>

#include <sys/stat.h>

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "kernel/pf/anchor_pf.h"
#include "kernel/pf/pf_abi.h"
#include "kernel/pf/pf_check.h"
#include "kernel/pf/pf_state.h"

/* The texts are those of FreeBSD 13.2's pfctl. */
#define ANCHORED_NAT   "rdr-anchor \"interceptor\" all\n"
#define ANCHORED_RULES "anchor \"interceptor\" all\n"
#define QUICK          "pass out quick on em0 proto tcp from any to any port = http flags S/SA keep state\n"

static struct pf_reference
reference(const struct pf_system *system, const char *nat, const char *rules, const char *all, const char *path)
{
	struct pf_reference ref;

	pf_check_reference(system, nat, rules, all, path, &ref);
	return ref;
}

static void
enabled_and_disabled_are_told_apart(void **state)
{
	assert_true(pf_check_enabled("Status: Enabled for 0 days 00:00:01           Debug: Urgent\n"));
	assert_false(pf_check_enabled("Status: Disabled                              Debug: Urgent\n"));
	assert_true(pf_check_enabled("No ALTQ support in kernel\nStatus: Enabled for 3 days 00:00:01\n"));
	assert_false(pf_check_enabled(""));
}

static void
skip_of_the_loopback_interface_is_seen(void **state)
{
	assert_true(pf_check_skipped("all\n\tCleared: x\nem0\nlo\nlo0 (skip)\n\tCleared: x\n", "lo0"));
	assert_false(pf_check_skipped("all\nem0 (skip)\nlo0\n\tIn4/Pass: 1\n", "lo0"));
	assert_false(pf_check_skipped("lo0\nlo01 (skip)\n", "lo0"));
	assert_false(pf_check_skipped("lo (skip)\nlo0\n", "lo0"));
}

static void
both_references_are_needed_with_rdr_one_with_divert(void **state)
{
	struct pf_reference ref;

	ref = reference(&pf_freebsd, ANCHORED_NAT, ANCHORED_RULES, ANCHORED_RULES, "interceptor");
	assert_true(ref.rdr && ref.filter && !ref.nat);
	ref = reference(&pf_freebsd, ANCHORED_NAT "nat-anchor \"interceptor\" all\n", ANCHORED_RULES, ANCHORED_RULES,
	    "interceptor");
	assert_true(ref.rdr && ref.filter && ref.nat);
	ref = reference(&pf_freebsd, "", ANCHORED_RULES, ANCHORED_RULES, "interceptor");
	assert_true(!ref.rdr && ref.filter);
	ref = reference(&pf_freebsd, ANCHORED_NAT, "pass all\n", "pass all\n", "interceptor");
	assert_true(ref.rdr && !ref.filter);
	ref = reference(&pf_openbsd, "", ANCHORED_RULES, ANCHORED_RULES, "interceptor");
	assert_true(ref.filter);
}

static void
another_anchor_is_not_ours(void **state)
{
	static const char rules[] = "anchor \"interceptor2\" all\nanchor \"x/interceptor\" all\nanchor \"interceptor/*\" all\n";

	assert_false(reference(&pf_openbsd, "", rules, rules, "interceptor").filter);
}

static void
a_wildcard_evaluates_the_children_of_its_anchor(void **state)
{
	struct pf_reference ref = reference(&pf_macos, "nat-anchor \"com.apple/*\" all\nrdr-anchor \"com.apple/*\" all\n",
	    "scrub-anchor \"com.apple/*\" all fragment reassemble\nanchor \"com.apple/*\" all\n",
	    "anchor \"*\" all {\n}\n", "com.apple/100.interceptor");

	assert_true(ref.rdr && ref.filter);
}

static void
a_quick_rule_before_the_anchor_is_in_the_way(void **state)
{
	struct pf_reference ref;

	ref = reference(&pf_freebsd, ANCHORED_NAT, QUICK ANCHORED_RULES, QUICK ANCHORED_RULES, "interceptor");
	assert_memory_equal(ref.quick, "pass out quick on em0", 21);
	ref = reference(&pf_freebsd, ANCHORED_NAT, ANCHORED_RULES QUICK, ANCHORED_RULES QUICK, "interceptor");
	assert_string_equal(ref.quick, "");
}

static void
a_quick_rule_inside_an_earlier_anchor_is_in_the_way(void **state)
{
	struct pf_reference ref = reference(&pf_freebsd, ANCHORED_NAT,
	    "anchor \"vpn\" all\n" ANCHORED_RULES,
	    "anchor \"vpn\" all {\n  block drop out quick all\n}\nanchor \"interceptor\" all {\n  pass out quick all\n}\n",
	    "interceptor");

	assert_string_equal(ref.quick, "block drop out quick all");
}

static void
quick_rules_about_other_traffic_are_not_in_the_way(void **state)
{
	static const char *const harmless[] = { "pass out quick proto icmp all", "pass in quick on em0 all",
		"pass quick on lo0 all", "match out quick all", "pass out all", "anchor \"quick\" out all" };
	char rules[256];

	for (size_t i = 0; i < sizeof(harmless) / sizeof(harmless[0]); i++) {
		snprintf(rules, sizeof(rules), "%s\n%s", harmless[i], ANCHORED_RULES);
		assert_string_equal(reference(&pf_freebsd, ANCHORED_NAT, rules, rules, "interceptor").quick, "");
	}
}

static void
rules_of_another_routing_domain_do_not_count(void **state)
{
	static const char elsewhere[] = "pass quick on rdomain 1 all flags S/SA\nblock return on rdomain 2 all\n" ANCHORED_RULES;
	static const char here[] = "pass quick on rdomain 0 all flags S/SA\n" ANCHORED_RULES;
	const struct pf_reference ref = reference(&pf_openbsd, "", elsewhere, elsewhere, "interceptor");

	assert_string_equal(ref.quick, "");
	assert_false(ref.filtered);
	assert_string_not_equal(reference(&pf_openbsd, "", here, here, "interceptor").quick, "");
}

/* divert-to is a filter rule on lo0: there a quick rule does harm. */
static void
a_quick_rule_on_lo0_is_in_the_way_of_divert(void **state)
{
	static const char rules[] = "pass in quick on lo0 all flags S/SA\n" ANCHORED_RULES;

	assert_string_not_equal(reference(&pf_openbsd, "", rules, rules, "interceptor").quick, "");
	assert_string_equal(reference(&pf_freebsd, ANCHORED_NAT, rules, rules, "interceptor").quick, "");
}

static void
an_earlier_rdr_on_lo0_is_in_the_way(void **state)
{
	struct pf_reference ref = reference(&pf_freebsd, "rdr on lo0 inet proto tcp from any to any -> 127.0.0.1\n" ANCHORED_NAT,
	    ANCHORED_RULES, ANCHORED_RULES, "interceptor");

	assert_memory_equal(ref.quick, "rdr on lo0", 10);
	ref = reference(&pf_freebsd, "nat on em0 all -> 10.0.0.1\nrdr on em0 all -> 10.0.0.2\n" ANCHORED_NAT, ANCHORED_RULES,
	    ANCHORED_RULES, "interceptor");
	assert_string_equal(ref.quick, "");
}

static void
a_block_before_the_anchor_filters_what_arrives(void **state)
{
	static const char before[] = "block drop in all\n" ANCHORED_RULES;
	static const char after[] = ANCHORED_RULES "block drop in all\n";
	static const char out[] = "block return out all\n" ANCHORED_RULES;

	assert_true(reference(&pf_freebsd, ANCHORED_NAT, before, before, "interceptor").filtered);
	assert_false(reference(&pf_freebsd, ANCHORED_NAT, after, after, "interceptor").filtered);
	assert_false(reference(&pf_freebsd, ANCHORED_NAT, out, out, "interceptor").filtered);
}

static struct pf_report
good_report(void)
{
	struct pf_report r = { .enabled = true, .ref = { .nat = true, .rdr = true, .filter = true }, .loopback = "lo0",
		.path = "interceptor" };

	return r;
}

/* The finding at this level that has the words; "" when there is none. */
static const char *
finding(const struct pf_system *system, const struct pf_report *r, enum pf_level level, const char *words)
{
	static struct pf_finding list[PF_FINDINGS_MAX];
	size_t n = pf_check_findings(system, r, "interceptor", list);

	for (size_t i = 0; i < n; i++)
		if (list[i].level == level && strstr(list[i].text, words) != NULL)
			return list[i].text;
	return "";
}

static void
findings_name_the_cure(void **state)
{
	struct pf_report r = good_report();

	assert_false(pf_check_hopeless(&pf_freebsd, &r));
	r.device_error = ENOENT;
	assert_string_not_equal(finding(&pf_freebsd, &r, PF_FAULT, "kldload pf"), "");
	assert_true(pf_check_hopeless(&pf_freebsd, &r));

	r = good_report();
	r.ref.rdr = false;
	assert_string_not_equal(finding(&pf_freebsd, &r, PF_FAULT, "'rdr-anchor \"interceptor\"' before"), "");
	assert_true(pf_check_hopeless(&pf_freebsd, &r));
	assert_false(pf_check_hopeless(&pf_openbsd, &r));
	r.ref.filter = false;
	assert_string_not_equal(finding(&pf_freebsd, &r, PF_FAULT, "'rdr-anchor \"interceptor\"' and 'anchor \"interceptor\"'"), "");
	assert_string_not_equal(finding(&pf_openbsd, &r, PF_FAULT, "add 'anchor \"interceptor\"' before"), "");

	r = good_report();
	assert_string_equal(finding(&pf_freebsd, &r, PF_WARNING, ""), "");
	r.ref.nat = false;
	assert_string_not_equal(finding(&pf_freebsd, &r, PF_WARNING, "'nat-anchor \"interceptor\"'"), "");
	assert_string_equal(finding(&pf_macos, &r, PF_WARNING, ""), "");
	assert_false(pf_check_hopeless(&pf_freebsd, &r));

	r = good_report();
	strcpy(r.ref.quick, "pass out quick all");
	assert_string_not_equal(finding(&pf_freebsd, &r, PF_WARNING, "'pass out quick all'"), "");
	r.stale = true;
	assert_string_not_equal(finding(&pf_freebsd, &r, PF_NOTE, "earlier run"), "");
}

/* What the daemon mends at its start is a fault only when rules are loaded over it. */
static void
disabled_or_skipped_is_a_fault_only_under_loaded_rules(void **state)
{
	struct pf_report r = good_report();

	r.enabled = false;
	r.skipped = true;
	assert_string_not_equal(finding(&pf_freebsd, &r, PF_NOTE, "pf is disabled"), "");
	assert_string_not_equal(finding(&pf_freebsd, &r, PF_NOTE, "lo0"), "");
	r.loaded = true;
	assert_string_not_equal(finding(&pf_freebsd, &r, PF_FAULT, "pfctl -e"), "");
	assert_string_not_equal(finding(&pf_freebsd, &r, PF_FAULT, "set skip"), "");
}

static void
states_of_macos_that_came_by_rdr_are_recognised(void **state)
{
	union addr listener, destination, client;
	char text[ADDR_TEXT_MAX];

	assert_true(pf_state_parse("ALL tcp 127.0.0.1:10080 <- 203.0.113.7:443 <- 10.0.0.5:50000       ESTABLISHED:ESTABLISHED",
	    &listener, &destination, &client));
	assert_string_equal(addr_format_ip(&client, text), "10.0.0.5");
	assert_string_equal(addr_format_ip(&destination, text), "203.0.113.7");
	assert_true(pf_state_parse("ALL udp ::1[10080] <- 2001:db8::7[443] <- fd00:1::1[50000]       SINGLE:MULTIPLE",
	    &listener, &destination, &client));
	assert_string_equal(addr_format_ip(&destination, text), "2001:db8::7");
	assert_false(pf_state_parse("ALL tcp 10.0.0.5:50000 -> 203.0.113.7:443       ESTABLISHED:ESTABLISHED",
	    &listener, &destination, &client));
	assert_false(pf_state_parse("ALL tcp 10.0.0.9:80 <- 198.51.100.1:80 <- 10.0.0.5:50000       ESTABLISHED:ESTABLISHED",
	    &listener, &destination, &client));
	assert_false(pf_state_parse("ALL tcp 127.0.0.1:80 <- 10.0.0.5:5 x", &listener, &destination, &client));
	assert_false(pf_state_parse("", &listener, &destination, &client));
}

static void
the_token_is_found_in_what_pfctl_says(void **state)
{
	assert_true(anchor_pf_token("No ALTQ support in kernel\npf enabled\nToken : 12345678901234567890\n") == 12345678901234567890ULL);
	assert_true(anchor_pf_token("pf already enabled\n") == 0);
}

/* A directory with a fake pfctl in it: prints DIR/info, DIR/rules and so on, appends its arguments to DIR/log
 * and its input to DIR/input; fails while DIR/fail exists. */
static struct {
	char          dir[64], pfctl[96], state[96], device[96];
	struct pf_env env;
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

static int
fake_setup(void **state)
{
	char script[1024];

	memset(&fake, 0, sizeof(fake));
	strcpy(fake.dir, "/tmp/pf-check.XXXXXX");
	assert_non_null(mkdtemp(fake.dir));
	snprintf(fake.pfctl, sizeof(fake.pfctl), "%s/pfctl", fake.dir);
	snprintf(fake.state, sizeof(fake.state), "%s/note", fake.dir);
	snprintf(fake.device, sizeof(fake.device), "%s/info", fake.dir);
	snprintf(script, sizeof(script), "#!/bin/sh\ncd %s || exit 3\necho \"$*\" >> log\n"
	    "echo 'No ALTQ support in kernel' >&2\n"
	    "case \"$*\" in\n"
	    "'-s info') cat info ;;\n'-v -s Interfaces') cat interfaces ;;\n'-s nat') cat nat ;;\n"
	    "'-s rules'|'-a * -s rules') cat rules ;;\n'-s states') cat states ;;\n"
	    "*'-f -') cat > input; test ! -e fail || { echo 'stdin:3: syntax error' >&2; exit 1; } ;;\n"
	    "'-a interceptor -s rules') cat loaded ;;\n"
	    "-E) echo 'Token : 77' >&2 ;;\nesac\nexit 0\n", fake.dir);
	file_put("pfctl", script);
	assert_int_equal(chmod(fake.pfctl, 0700), 0);
	file_put("info", "Status: Enabled for 0 days 00:00:01\n");
	file_put("interfaces", "all\nlo0\n");
	file_put("nat", ANCHORED_NAT);
	file_put("rules", ANCHORED_RULES);
	fake.anchor = "interceptor";
	fake.killed = "";
	fake.env = (struct pf_env){ &pf_freebsd, fake.pfctl, fake.device, fake.state, fake_ioctl };
	return 0;
}

static int
fake_teardown(void **state)
{
	static const char *const names[] = { "pfctl", "info", "interfaces", "nat", "rules", "states", "loaded", "input", "log", "fail",
		"note.interceptor", "note.second" };
	char path[128];

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		snprintf(path, sizeof(path), "%s/%s", fake.dir, names[i]);
		unlink(path);
	}
	return rmdir(fake.dir);
}

static struct anchor
an_anchor(void)
{
	struct anchor a;

	memset(&a, 0, sizeof(a));
	a.ops = &anchor_pf_ops;
	strcpy(a.name, "interceptor");
	a.data = &fake.env;
	return a;
}

static int
prepare(struct anchor *a)
{
	struct conf conf;

	memset(&conf, 0, sizeof(conf));
	return a->ops->prepare(a, &conf);
}

static void
a_ready_pf_is_not_changed(void **state)
{
	struct anchor a = an_anchor();

	assert_int_equal(prepare(&a), 0);
	assert_null(strstr(file_get("log"), "-e"));
	assert_null(strstr(file_get("log"), "-f"));
	assert_null(strstr(file_get("log"), "-F states"));
	assert_int_equal(fake.nioctls, 0);
	assert_int_equal(a.ops->remove(&a), 0);
	assert_null(strstr(file_get("log"), "\n-d"));
	assert_int_equal(fake.nioctls, 0);
	assert_int_equal(access(fake.state, F_OK), -1);
}

static void
a_disabled_pf_is_enabled_and_disabled_again(void **state)
{
	struct anchor a = an_anchor(), guard = an_anchor();

	file_put("info", "Status: Disabled\n");
	assert_int_equal(prepare(&a), 0);
	assert_non_null(strstr(file_get("log"), "\n-F states\n-e\n"));
	guard.restore = a.restore; /* all that the guard process knows */
	assert_int_equal(guard.ops->remove(&guard), 0);
	assert_non_null(strstr(file_get("log"), "\n-d\n"));
}

static void
a_skipped_loopback_is_cleared_and_set_again(void **state)
{
	struct anchor a = an_anchor();

	file_put("interfaces", "all\nlo0 (skip)\n");
	assert_int_equal(prepare(&a), 0);
	assert_int_equal(fake.nioctls, 0); /* not before the rules that take its place */
	assert_string_equal(a.place.unskipped, "lo0");
	assert_int_equal(a.ops->load(&a, "pass\n"), 0);
	assert_int_equal(fake.nioctls, 1);
	assert_true(fake.ioctls[0] == DIOCCLRIFFLAG);
	assert_int_equal(a.ops->remove(&a), 0);
	assert_true(fake.ioctls[fake.nioctls - 1] == DIOCSETIFFLAG);
}

static void
rules_that_somebody_flushed_are_asked_for_again(void **state)
{
	struct anchor a = an_anchor();

	assert_int_equal(prepare(&a), 0);
	file_put("loaded", "pass out all\n");
	assert_true(a.ops->healthy(&a));
	assert_int_equal(a.ops->verify(&a), 0);
	file_put("loaded", "");
	assert_false(a.ops->healthy(&a));
	assert_int_equal(a.ops->verify(&a), ESTALE);
	assert_null(strstr(file_get("log"), "-f -"));
}

static void
a_table_that_somebody_killed_is_asked_for_again(void **state)
{
	struct anchor a = an_anchor();

	assert_int_equal(prepare(&a), 0);
	file_put("loaded", "pass out all\n");
	for (size_t i = 0; i < 8; i++) {
		a.matched = i < 4;
		fake.killed = tables[i % 4];
		assert_true(a.ops->healthy(&a) == (i >= 6));
		assert_int_equal(a.ops->verify(&a), i < 6 ? ESTALE : 0);
	}
	assert_int_equal(fake.nioctls, 0);
}

static void
a_table_that_somebody_emptied_is_asked_for_again(void **state)
{
	struct anchor_target list[2] = { { .seconds = 300 }, { .seconds = 60 } };
	struct anchor a = an_anchor();

	addr_parse("192.0.2.7", 0, &list[0].addr);
	addr_parse("192.0.2.8", 0, &list[1].addr);
	assert_int_equal(prepare(&a), 0);
	file_put("loaded", "pass out all\n");
	a.matched = true;
	for (size_t i = 0; i < 4; i++) {
		fake.held[i] = 3;
		assert_int_equal(a.ops->load(&a, "pass out all\n"), 0);
		assert_int_equal(a.ops->verify(&a), 0);
		fake.held[i] = 0;
		assert_int_equal(a.ops->verify(&a), ESTALE);
	}
	assert_int_equal(a.ops->learn(&a, true, list, 2), 0);
	assert_int_equal(a.ops->learn(&a, false, list, 1), 0);
	assert_int_equal(a.ops->verify(&a), 0);
	fake.held[3] = 0; /* and at once something new comes in */
	assert_int_equal(a.ops->learn(&a, true, list, 1), 0);
	assert_int_equal(a.ops->verify(&a), ESTALE);
}

static void
learned_addresses_go_into_the_table_together(void **state)
{
	static const uint8_t v4[] = { 192, 0, 2, 7 }, v6[] = { 0x20, 0x01, 0x0d, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 9 };
	struct anchor_target list[2] = { { .seconds = 300 }, { .seconds = 60 } };
	struct anchor a = an_anchor();

	assert_int_equal(addr_parse("192.0.2.7", 443, &list[0].addr), 0);
	assert_int_equal(addr_parse("2001:db8::9", 0, &list[1].addr), 0);
	assert_int_equal(a.ops->learn(&a, true, list, 2), 0);
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
	assert_int_equal(a.ops->learn(&a, false, list + 1, 1), 0);
	assert_true(fake.ioctls[1] == DIOCRDELADDRS);
	assert_int_equal(fake.naddrs, 1);
	assert_int_equal(fake.addrs[0].pfra_af, AF_INET6);
}

static void
learned_addresses_go_to_the_anchors_real_place(void **state)
{
	struct anchor_target one = { .seconds = 300 };
	struct anchor a = an_anchor();

	addr_parse("192.0.2.7", 0, &one.addr);
	strcpy(a.restore.path, "com.apple/100.interceptor");
	fake.anchor = "com.apple/100.interceptor";
	assert_int_equal(a.ops->learn(&a, true, &one, 1), 0);
	assert_int_equal(fake.nioctls, 1);
	fake.killed = "pfi_learned";
	assert_int_equal(a.ops->learn(&a, true, &one, 1), ESRCH);
	fake.env.device = "/nonexistent/pf";
	assert_int_equal(a.ops->learn(&a, true, &one, 1), ENOENT);
}

static void
what_somebody_turned_off_is_turned_on_again(void **state)
{
	struct anchor a = an_anchor();

	assert_int_equal(prepare(&a), 0);
	file_put("loaded", "pass out all\n");
	file_put("info", "Status: Disabled\n");
	assert_false(a.ops->healthy(&a));
	assert_int_equal(a.ops->verify(&a), 0);
	assert_non_null(strstr(file_get("log"), "\n-e\n"));
	assert_non_null(strstr(file_get("note.interceptor"), "enabled=1"));
	file_put("info", "Status: Enabled\n");
	file_put("interfaces", "all\nlo0 (skip)\n");
	assert_false(a.ops->healthy(&a));
	assert_int_equal(a.ops->verify(&a), ESTALE);
	assert_string_equal(a.place.unskipped, "lo0");
	assert_non_null(strstr(file_get("note.interceptor"), "skip=1"));
}

static void
what_another_daemon_needs_is_left_to_it(void **state)
{
	struct anchor a = an_anchor();
	char note[96];

	snprintf(note, sizeof(note), "pid=%ld enabled=1 skip=1 token=0 path=-\n", (long)getpid());
	file_put("note.second", note);
	assert_int_equal(prepare(&a), 0);
	assert_null(strstr(file_get("log"), "-F all")); /* it is no earlier run of ours */
	assert_non_null(strstr(file_get("note.interceptor"), "enabled=1 skip=1"));
	assert_string_equal(a.place.unskipped, "lo0");
	fake.nioctls = 0;
	assert_int_equal(a.ops->remove(&a), 0);
	assert_null(strstr(file_get("log"), "\n-d\n"));
	assert_int_equal(fake.nioctls, 0);
	assert_string_equal(file_get("note.interceptor"), "");
	assert_string_equal(file_get("note.second"), note);
}

static void
the_last_daemon_puts_back_what_was_changed(void **state)
{
	struct anchor a = an_anchor();
	char note[96];

	snprintf(note, sizeof(note), "pid=%ld enabled=1 skip=1 token=0 path=-\n", (long)getpid());
	file_put("note.second", note);
	assert_int_equal(prepare(&a), 0);
	file_put("note.second", "pid=2147483646 enabled=1 skip=1 token=0 path=-\n");
	assert_int_equal(a.ops->remove(&a), 0);
	assert_non_null(strstr(file_get("log"), "\n-d\n"));
	assert_true(fake.ioctls[fake.nioctls - 1] == DIOCSETIFFLAG);
}

/* The main ruleset is the administrator's: there is nothing to mend. */
static void
an_anchor_that_is_no_longer_evaluated_is_only_remarked(void **state)
{
	struct anchor a = an_anchor();

	assert_int_equal(prepare(&a), 0);
	file_put("nat", "");
	file_put("rules", "pass all\n");
	assert_false(a.ops->healthy(&a));
	assert_int_equal(a.ops->verify(&a), 0);
	assert_true(a.lost);
	file_put("nat", ANCHORED_NAT);
	file_put("rules", ANCHORED_RULES);
	assert_int_equal(a.ops->verify(&a), ESTALE);
	assert_false(a.lost);
}

/* Measured: OpenBSD takes an interface's flag from its group again, and only with the next load. */
static void
the_groups_skip_flag_is_cleared_and_set_again_on_openbsd(void **state)
{
	struct anchor a = an_anchor();

	fake.env.system = &pf_openbsd;
	file_put("interfaces", "lo (skip)\nlo0 (skip)\n");
	assert_int_equal(prepare(&a), 0);
	assert_string_equal(a.place.unskipped, "lo");
	fake.nioctls = 0;
	assert_int_equal(a.ops->load(&a, "pass\n"), 0);
	assert_int_equal(fake.nioctls, 2);
	fake.nioctls = 0;
	assert_int_equal(a.ops->remove(&a), 0);
	assert_int_equal(fake.nioctls, 1);
	assert_true(fake.ioctls[0] == DIOCSETIFFLAG);
	assert_string_equal(fake.interface, "lo");
}

static void
an_unreferenced_anchor_stops_the_start_and_changes_nothing(void **state)
{
	struct anchor a = an_anchor();

	file_put("info", "Status: Disabled\n");
	file_put("rules", "pass all\n");
	assert_int_equal(prepare(&a), ENOENT);
	assert_null(strstr(file_get("log"), "-e\n"));
}

static void
macos_takes_a_reference_and_a_place_under_com_apple(void **state)
{
	struct anchor a = an_anchor();

	fake.env.system = &pf_macos;
	file_put("nat", "rdr-anchor \"com.apple/*\" all\n");
	file_put("rules", "anchor \"com.apple/*\" all\n");
	assert_int_equal(prepare(&a), 0);
	assert_true(a.restore.token == 77);
	assert_string_equal(a.restore.path, "com.apple/100.interceptor");
	fake.anchor = a.restore.path;
	assert_int_equal(a.ops->load(&a, "pass\n"), 0);
	assert_string_equal(file_get("input"), "pass\n");
	assert_non_null(strstr(file_get("log"), "-a com.apple/100.interceptor -f -\n"));
	assert_int_equal(a.ops->remove(&a), 0);
	assert_non_null(strstr(file_get("log"), "-X 77\n"));
	assert_null(strstr(file_get("log"), "\n-d\n"));
}

static void
a_stale_token_is_released_and_what_was_changed_is_inherited(void **state)
{
	struct anchor a = an_anchor();

	fake.env.system = &pf_macos;
	fake.anchor = NULL;
	file_put("states", "ALL udp 127.0.0.1:10080 <- 203.0.113.7:443 <- 10.0.0.5:50000       SINGLE:MULTIPLE\n");
	file_put("note.interceptor", "pid=2147483646 enabled=0 skip=1 token=55 path=com.apple/100.interceptor\n");
	file_put("interfaces", "all\nlo0 (skip)\n"); /* as it will be, when it was put back */
	assert_true(pf_state_is_stale(&fake.env, "interceptor"));
	assert_int_equal(prepare(&a), 0);
	assert_non_null(strstr(file_get("log"), "-X 55\n"));
	assert_non_null(strstr(file_get("log"), "-a com.apple/100.interceptor -F all\n"));
	assert_non_null(strstr(file_get("log"), "-q -k 10.0.0.5 -k 203.0.113.7\n"));
	assert_true(a.restore.token == 77);
	assert_true(fake.ioctls[0] == DIOCSETIFFLAG);
	assert_int_equal(a.restore.skip_cleared, 1);
	assert_string_equal(a.restore.path, "");
	assert_false(pf_state_is_stale(&fake.env, "interceptor"));
	assert_int_equal(a.ops->remove(&a), 0);
	assert_true(fake.ioctls[fake.nioctls - 1] == DIOCSETIFFLAG);
}

static void
states_of_intercepted_flows_are_killed_by_their_labels(void **state)
{
	struct anchor a = an_anchor();

	a.ops->forget(&a);
	assert_non_null(strstr(file_get("log"), "-q -k label -k pfinterceptd: TCP\n"));
	assert_non_null(strstr(file_get("log"), "-q -k label -k pfinterceptd: DNS over UDP\n"));
	assert_null(strstr(file_get("log"), "own traffic"));
}

static void
a_text_that_pfctl_refuses_is_an_error(void **state)
{
	struct anchor a = an_anchor();

	file_put("fail", "");
	assert_int_equal(a.ops->load(&a, "nonsense\n"), EIO);
}

static void
a_missing_pfctl_is_a_finding(void **state)
{
	struct anchor a = an_anchor();
	struct pf_report r;

	fake.env.pfctl = "/nonexistent/pfctl";
	assert_int_equal(pf_check_read(&fake.env, "interceptor", &r), 0);
	assert_int_equal(r.pfctl_error, ENOENT);
	assert_int_equal(prepare(&a), ENOENT);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(enabled_and_disabled_are_told_apart),
		cmocka_unit_test(skip_of_the_loopback_interface_is_seen),
		cmocka_unit_test(both_references_are_needed_with_rdr_one_with_divert),
		cmocka_unit_test(another_anchor_is_not_ours),
		cmocka_unit_test(a_wildcard_evaluates_the_children_of_its_anchor),
		cmocka_unit_test(a_quick_rule_before_the_anchor_is_in_the_way),
		cmocka_unit_test(a_quick_rule_inside_an_earlier_anchor_is_in_the_way),
		cmocka_unit_test(quick_rules_about_other_traffic_are_not_in_the_way),
		cmocka_unit_test(rules_of_another_routing_domain_do_not_count),
		cmocka_unit_test(a_quick_rule_on_lo0_is_in_the_way_of_divert),
		cmocka_unit_test(an_earlier_rdr_on_lo0_is_in_the_way),
		cmocka_unit_test(a_block_before_the_anchor_filters_what_arrives),
		cmocka_unit_test(findings_name_the_cure),
		cmocka_unit_test(disabled_or_skipped_is_a_fault_only_under_loaded_rules),
		cmocka_unit_test(states_of_macos_that_came_by_rdr_are_recognised),
		cmocka_unit_test(the_token_is_found_in_what_pfctl_says),
		cmocka_unit_test_setup_teardown(a_ready_pf_is_not_changed, fake_setup, fake_teardown),
		cmocka_unit_test_setup_teardown(a_disabled_pf_is_enabled_and_disabled_again, fake_setup, fake_teardown),
		cmocka_unit_test_setup_teardown(a_skipped_loopback_is_cleared_and_set_again, fake_setup, fake_teardown),
		cmocka_unit_test_setup_teardown(rules_that_somebody_flushed_are_asked_for_again, fake_setup, fake_teardown),
		cmocka_unit_test_setup_teardown(what_another_daemon_needs_is_left_to_it, fake_setup, fake_teardown),
		cmocka_unit_test_setup_teardown(the_last_daemon_puts_back_what_was_changed, fake_setup, fake_teardown),
		cmocka_unit_test_setup_teardown(a_table_that_somebody_emptied_is_asked_for_again, fake_setup, fake_teardown),
		cmocka_unit_test_setup_teardown(a_table_that_somebody_killed_is_asked_for_again, fake_setup, fake_teardown),
		cmocka_unit_test_setup_teardown(learned_addresses_go_into_the_table_together, fake_setup, fake_teardown),
		cmocka_unit_test_setup_teardown(learned_addresses_go_to_the_anchors_real_place, fake_setup, fake_teardown),
		cmocka_unit_test_setup_teardown(what_somebody_turned_off_is_turned_on_again, fake_setup, fake_teardown),
		cmocka_unit_test_setup_teardown(an_anchor_that_is_no_longer_evaluated_is_only_remarked, fake_setup, fake_teardown),
		cmocka_unit_test_setup_teardown(the_groups_skip_flag_is_cleared_and_set_again_on_openbsd, fake_setup, fake_teardown),
		cmocka_unit_test_setup_teardown(an_unreferenced_anchor_stops_the_start_and_changes_nothing, fake_setup, fake_teardown),
		cmocka_unit_test_setup_teardown(macos_takes_a_reference_and_a_place_under_com_apple, fake_setup, fake_teardown),
		cmocka_unit_test_setup_teardown(a_stale_token_is_released_and_what_was_changed_is_inherited, fake_setup, fake_teardown),
		cmocka_unit_test_setup_teardown(states_of_intercepted_flows_are_killed_by_their_labels, fake_setup, fake_teardown),
		cmocka_unit_test_setup_teardown(a_text_that_pfctl_refuses_is_an_error, fake_setup, fake_teardown),
		cmocka_unit_test_setup_teardown(a_missing_pfctl_is_a_finding, fake_setup, fake_teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
