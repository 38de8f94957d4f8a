/*
 * What pfctl prints, and what is made of it. The texts are those of FreeBSD 13.2's pfctl.
 */
#include "config.h"

#include "../test.h"

#include "kernel/pf/anchor_pf.h"
#include "kernel/pf/pf_check.h"
#include "kernel/pf/pf_states.h"

TEST(enabled_and_disabled_are_told_apart)
{
	assert_true(pf_check_enabled("Status: Enabled for 0 days 00:00:01           Debug: Urgent\n"));
	assert_false(pf_check_enabled("Status: Disabled                              Debug: Urgent\n"));
	assert_true(pf_check_enabled("No ALTQ support in kernel\nStatus: Enabled for 3 days 00:00:01\n"));
	assert_false(pf_check_enabled(""));
}

TEST(skip_of_the_loopback_interface_is_seen)
{
	assert_true(pf_check_skipped("all\n\tCleared: x\nem0\nlo\nlo0 (skip)\n\tCleared: x\n", "lo0"));
	assert_false(pf_check_skipped("all\nem0 (skip)\nlo0\n\tIn4/Pass: 1\n", "lo0"));
	assert_false(pf_check_skipped("lo0\nlo01 (skip)\n", "lo0"));
	assert_false(pf_check_skipped("lo (skip)\nlo0\n", "lo0"));
}

#define NAT   "rdr-anchor \"interceptor\" all\n"
#define RULES "anchor \"interceptor\" all\n"
#define QUICK_RULE "pass out quick on em0 proto tcp from any to any port = http flags S/SA keep state"
#define QUICK QUICK_RULE "\n"

/* A main ruleset, and what it says of the anchor "interceptor". */
struct ruleset {
	const struct pf_system *system;
	const char *nat, *rules;
	const char *all;        /* NULL: rules */
	const char *expected;   /* of "rdr", "nat", "filter" and "filtered": those that hold */
	const char *quick;      /* the rule in the way; "": there is none */
	const char *path;       /* NULL: "interceptor" */
};

static void
check_ruleset(const struct ruleset *r)
{
	struct pf_reference ref;
	char holds[64];

	pf_check_reference(r->system, r->nat, r->rules, r->all != NULL ? r->all : r->rules,
	    r->path != NULL ? r->path : "interceptor", &ref);
	snprintf(holds, sizeof(holds), "%s%s%s%s", ref.rdr ? "rdr " : "", ref.nat ? "nat " : "", ref.filter ? "filter " : "",
	    ref.filtered ? "filtered " : "");
	assert_string_equal(holds, r->expected);
	assert_string_equal(ref.quick, r->quick);
}

static void
check_rulesets(const struct ruleset *list, size_t n)
{
	for (size_t i = 0; i < n; i++)
		check_ruleset(&list[i]);
}
#define CHECK(list) check_rulesets(list, sizeof(list) / sizeof(list[0]))

TEST(both_references_are_needed_with_rdr_one_with_divert)
{
	static const struct ruleset list[] = {
		{ &pf_freebsd, NAT, RULES, NULL, "rdr filter ", "", NULL },
		{ &pf_freebsd, NAT "nat-anchor \"interceptor\" all\n", RULES, NULL, "rdr nat filter ", "", NULL },
		{ &pf_freebsd, "", RULES, NULL, "filter ", "", NULL },
		{ &pf_freebsd, NAT, "pass all\n", NULL, "rdr ", "", NULL },
		{ &pf_openbsd, "", RULES, NULL, "filter ", "", NULL },
	};

	CHECK(list);
}

TEST(another_anchor_is_not_ours)
{
	static const struct ruleset list[] = {
		{ &pf_openbsd, "", "anchor \"interceptor2\" all\nanchor \"x/interceptor\" all\nanchor \"interceptor/*\" all\n", NULL,
		    "", "", NULL },
	};

	CHECK(list);
}

TEST(a_wildcard_evaluates_the_children_of_its_anchor)
{
	static const struct ruleset list[] = {
		{ &pf_macos, "nat-anchor \"com.apple/*\" all\nrdr-anchor \"com.apple/*\" all\n",
		    "scrub-anchor \"com.apple/*\" all fragment reassemble\nanchor \"com.apple/*\" all\n", "anchor \"*\" all {\n}\n",
		    "rdr nat filter ", "", "com.apple/100.interceptor" },
	};

	CHECK(list);
}

TEST(a_quick_rule_before_the_anchor_is_in_the_way)
{
	static const struct ruleset list[] = {
		{ &pf_freebsd, NAT, QUICK RULES, NULL, "rdr filter ", QUICK_RULE, NULL },
		{ &pf_freebsd, NAT, RULES QUICK, NULL, "rdr filter ", "", NULL },
	};

	CHECK(list);
}

TEST(a_quick_rule_inside_an_earlier_anchor_is_in_the_way)
{
	static const struct ruleset list[] = {
		{ &pf_freebsd, NAT, "anchor \"vpn\" all\n" RULES,
		    "anchor \"vpn\" all {\n  block drop out quick all\n}\nanchor \"interceptor\" all {\n  pass out quick all\n}\n",
		    "rdr filter ", "block drop out quick all", NULL },
	};

	CHECK(list);
}

TEST(quick_rules_about_other_traffic_are_not_in_the_way)
{
	static const struct ruleset list[] = {
		{ &pf_freebsd, NAT, "pass out quick proto icmp all\n" RULES, NULL, "rdr filter ", "", NULL },
		{ &pf_freebsd, NAT, "pass in quick on em0 all\n" RULES, NULL, "rdr filter ", "", NULL },
		{ &pf_freebsd, NAT, "pass quick on lo0 all\n" RULES, NULL, "rdr filter ", "", NULL },
		{ &pf_freebsd, NAT, "match out quick all\n" RULES, NULL, "rdr filter ", "", NULL },
		{ &pf_freebsd, NAT, "pass out all\n" RULES, NULL, "rdr filter ", "", NULL },
		{ &pf_freebsd, NAT, "anchor \"quick\" out all\n" RULES, NULL, "rdr filter ", "", NULL },
	};

	CHECK(list);
}

TEST(rules_of_another_routing_domain_do_not_count)
{
	static const struct ruleset list[] = {
		{ &pf_openbsd, "", "pass quick on rdomain 1 all flags S/SA\nblock return on rdomain 2 all\n" RULES, NULL, "filter ",
		    "", NULL },
		{ &pf_openbsd, "", "pass quick on rdomain 0 all flags S/SA\n" RULES, NULL, "filter ",
		    "pass quick on rdomain 0 all flags S/SA", NULL },
	};

	CHECK(list);
}

/* divert-to is a filter rule on lo0: there a quick rule does harm. */
TEST(a_quick_rule_on_lo0_is_in_the_way_of_divert)
{
	static const struct ruleset list[] = {
		{ &pf_openbsd, "", "pass in quick on lo0 all flags S/SA\n" RULES, NULL, "filter ",
		    "pass in quick on lo0 all flags S/SA", NULL },
		{ &pf_freebsd, NAT, "pass in quick on lo0 all flags S/SA\n" RULES, NULL, "rdr filter ", "", NULL },
	};

	CHECK(list);
}

TEST(an_earlier_rdr_on_lo0_is_in_the_way)
{
	static const struct ruleset list[] = {
		{ &pf_freebsd, "rdr on lo0 inet proto tcp from any to any -> 127.0.0.1\n" NAT, RULES, NULL, "rdr filter ",
		    "rdr on lo0 inet proto tcp from any to any -> 127.0.0.1", NULL },
		{ &pf_freebsd, "nat on em0 all -> 10.0.0.1\nrdr on em0 all -> 10.0.0.2\n" NAT, RULES, NULL, "rdr filter ", "", NULL },
	};

	CHECK(list);
}

TEST(a_block_before_the_anchor_filters_what_arrives)
{
	static const struct ruleset list[] = {
		{ &pf_freebsd, NAT, "block drop in all\n" RULES, NULL, "rdr filter filtered ", "", NULL },
		{ &pf_freebsd, NAT, RULES "block drop in all\n", NULL, "rdr filter ", "", NULL },
		{ &pf_freebsd, NAT, "block return out all\n" RULES, NULL, "rdr filter ", "", NULL },
	};

	CHECK(list);
}

static struct pf_report
good_report(void)
{
	struct pf_report r = { .enabled = true, .ref = { .nat = true, .rdr = true, .filter = true }, .loopback = "lo0",
		.path = "interceptor" };

	return r;
}

/* Is there a finding at this level that has the words? */
static bool
found(const struct pf_system *system, const struct pf_report *r, enum pf_level level, const char *words)
{
	struct pf_finding list[PF_FINDINGS_MAX];
	size_t n = pf_check_findings(system, r, "interceptor", list);

	for (size_t i = 0; i < n; i++)
		if (list[i].level == level && strstr(list[i].text, words) != NULL)
			return true;
	return false;
}

TEST(findings_name_the_cure)
{
	struct pf_report r = good_report();

	assert_false(pf_check_hopeless(&pf_freebsd, &r));
	r.device_error = ENOENT;
	assert_true(found(&pf_freebsd, &r, PF_FAULT, "kldload pf"));
	assert_true(pf_check_hopeless(&pf_freebsd, &r));

	r = good_report();
	r.ref.rdr = false;
	assert_true(found(&pf_freebsd, &r, PF_FAULT, "'rdr-anchor \"interceptor\"' before"));
	assert_true(pf_check_hopeless(&pf_freebsd, &r));
	assert_false(pf_check_hopeless(&pf_openbsd, &r));
	r.ref.filter = false;
	assert_true(found(&pf_freebsd, &r, PF_FAULT, "'rdr-anchor \"interceptor\"' and 'anchor \"interceptor\"'"));
	assert_true(found(&pf_openbsd, &r, PF_FAULT, "add 'anchor \"interceptor\"' before"));

	r = good_report();
	assert_false(found(&pf_freebsd, &r, PF_WARNING, ""));
	r.ref.nat = false;
	assert_true(found(&pf_freebsd, &r, PF_WARNING, "'nat-anchor \"interceptor\"'"));
	assert_false(found(&pf_macos, &r, PF_WARNING, ""));
	assert_false(pf_check_hopeless(&pf_freebsd, &r));

	r = good_report();
	strcpy(r.ref.quick, "pass out quick all");
	assert_true(found(&pf_freebsd, &r, PF_WARNING, "'pass out quick all'"));
	r.stale = true;
	assert_true(found(&pf_freebsd, &r, PF_NOTE, "earlier run"));
}

/* What the daemon mends at its start is a fault only when rules are loaded over it. */
TEST(disabled_or_skipped_is_a_fault_only_under_loaded_rules)
{
	struct pf_report r = good_report();

	r.enabled = false;
	r.skipped = true;
	assert_true(found(&pf_freebsd, &r, PF_NOTE, "pf is disabled"));
	assert_true(found(&pf_freebsd, &r, PF_NOTE, "lo0"));
	r.loaded = true;
	assert_true(found(&pf_freebsd, &r, PF_FAULT, "pfctl -e"));
	assert_true(found(&pf_freebsd, &r, PF_FAULT, "set skip"));
}

TEST(states_of_macos_that_came_by_rdr_are_recognised)
{
	static const char *const others[] = {
		"ALL tcp 10.0.0.5:50000 -> 203.0.113.7:443       ESTABLISHED:ESTABLISHED",
		"ALL tcp 10.0.0.9:80 <- 198.51.100.1:80 <- 10.0.0.5:50000       ESTABLISHED:ESTABLISHED",
		"ALL tcp 127.0.0.1:80 <- 10.0.0.5:5 x", "" };
	union addr listener, destination, client;
	char text[ADDR_TEXT_MAX];

	assert_true(pf_states_parse("ALL tcp 127.0.0.1:10080 <- 203.0.113.7:443 <- 10.0.0.5:50000       ESTABLISHED:ESTABLISHED",
	    &listener, &destination, &client));
	assert_string_equal(addr_format_ip(&client, text), "10.0.0.5");
	assert_string_equal(addr_format_ip(&destination, text), "203.0.113.7");
	assert_true(pf_states_parse("ALL udp ::1[10080] <- 2001:db8::7[443] <- fd00:1::1[50000]       SINGLE:MULTIPLE",
	    &listener, &destination, &client));
	assert_string_equal(addr_format_ip(&destination, text), "2001:db8::7");
	for (size_t i = 0; i < 4; i++)
		assert_false(pf_states_parse(others[i], &listener, &destination, &client));
}

TEST(the_token_is_found_in_what_pfctl_says)
{
	assert_true(anchor_pf_token("No ALTQ support in kernel\npf enabled\nToken : 12345678901234567890\n") == 12345678901234567890ULL);
	assert_true(anchor_pf_token("pf already enabled\n") == 0);
}

RUN_TESTS(NULL, NULL)
