/*
 * The firewall link of "pfinterceptctl doctor" on pf, with a pfctl that is a script and prints what each scene
 * wants pf to say.
 */
#include "config.h"

#include <sys/stat.h>

#include "../test.h"

#include "ctl/doctor.h"
#include "kernel/pf/pf_system.h"

static const char script[] = "#!/bin/sh\n"
    "cd ${0%/*}\n"
    "case \"$*\" in\n"
    "'-s info') cat info;;\n"
    "'-v -s Interfaces') cat interfaces;;\n"
    "'-s nat') cat nat;;\n"
    "'-s rules') cat rules;;\n"
    "'-a * -s rules') cat all;;\n"
    "'-a interceptor -s rules'|'-a com.apple/100.interceptor -s rules') cat anchor;;\n"
    "*) echo \"unexpected: $*\" >&2; exit 1;;\n"
    "esac\n";

struct scene {
	char dir[64], pfctl[96], device[96], state_file[96];
	struct pf_env env;
	struct conf   conf;
	struct doctor doctor;
	char  *out;
	size_t len;
};

static void
put(const struct scene *s, const char *name, const char *text)
{
	char path[128];
	FILE *f;

	snprintf(path, sizeof(path), "%s/%s", s->dir, name);
	f = fopen(path, "w");
	assert_non_null(f);
	fputs(text, f);
	fclose(f);
}

/* All is well: enabled, referenced, not skipped, loaded, running. */
static int
scene_make(void **state)
{
	struct scene *s = calloc(1, sizeof(*s));

	assert_non_null(s);
	strcpy(s->dir, "/tmp/test_doctor.XXXXXX");
	assert_non_null(mkdtemp(s->dir));
	snprintf(s->pfctl, sizeof(s->pfctl), "%s/pfctl", s->dir);
	snprintf(s->device, sizeof(s->device), "%s/device", s->dir);
	snprintf(s->state_file, sizeof(s->state_file), "%s/state", s->dir);
	put(s, "pfctl", script);
	assert_int_equal(chmod(s->pfctl, 0755), 0);
	put(s, "device", "");
	put(s, "info", "Status: Enabled for 0 days 00:00:05           Debug: Urgent\n");
	put(s, "interfaces", "lo\nlo0\nem0\n");
	put(s, "nat", "nat-anchor \"interceptor\" all\nrdr-anchor \"interceptor\" all\n");
	put(s, "rules", "anchor \"interceptor\" all\npass all flags S/SA keep state\n");
	put(s, "all", "anchor \"interceptor\" all {\n}\npass all flags S/SA keep state\n");
	put(s, "anchor", "pass out quick on ! lo0 route-to (lo0 127.0.0.1) inet proto tcp all\n");
	s->env = (struct pf_env){ .system = &pf_freebsd, .pfctl = s->pfctl, .device = s->device,
		.note_file = s->state_file };
	strcpy(s->conf.intercept.anchor, "interceptor");
	s->doctor = (struct doctor){ .conf = &s->conf, .running = true, .intercepting = true };
	s->doctor.out = open_memstream(&s->out, &s->len);
	assert_non_null(s->doctor.out);
	*state = s;
	return 0;
}

static int
scene_end(void **state)
{
	struct scene *s = *state;
	char command[128];

	snprintf(command, sizeof(command), "rm -r %s", s->dir);
	assert_int_equal(system(command), 0);
	fclose(s->doctor.out);
	free(s->out);
	free(s);
	return 0;
}

static void
check(struct scene *s, unsigned faults, const char *part)
{
	doctor_pf(&s->doctor, &s->env);
	if (strstr(s->out, part) == NULL)
		fail_msg("\"%s\" does not say \"%s\"", s->out, part);
	assert_int_equal(s->doctor.faults, faults);
}

TEST(all_is_well)
{
	struct scene *s = *state;

	check(s, 0, "ok      firewall: pf is enabled\n");
	check(s, 0, "ok      firewall: the anchor \"interceptor\" has its rules");
	assert_null(strstr(s->out, "note"));
	assert_null(strstr(s->out, "warning"));
}

TEST(disabled_under_the_rules)
{
	put(*state, "info", "Status: Disabled for 0 days 00:00:05\n");
	check(*state, 1, "FAULT   firewall: pf is disabled");
}

TEST(anchor_not_referenced)
{
	put(*state, "nat", "");
	put(*state, "rules", "pass all\n");
	put(*state, "all", "pass all\n");
	check(*state, 1, "run \"pfinterceptctl setup\"");
}

TEST(anchor_not_referenced_and_so_emptied_by_the_daemon)
{
	put(*state, "nat", "");
	put(*state, "anchor", "");
	check(*state, 1, "run \"pfinterceptctl setup\"");
}

TEST(loopback_skipped)
{
	put(*state, "interfaces", "lo\nlo0 (skip)\nem0\n");
	check(*state, 1, "\"set skip\" hides lo0");
}

TEST(quick_rule_before_the_anchor)
{
	put(*state, "all", "pass out quick all flags S/SA keep state\nanchor \"interceptor\" all {\n}\n");
	check(*state, 0, "warning firewall: traffic that the rule 'pass out quick all flags S/SA keep state'");
}

TEST(earlier_run_left_its_note)
{
	struct scene *s = *state;

	s->doctor.running = s->doctor.intercepting = false;
	put(s, "anchor", "");
	put(s, "state.interceptor", "pid=999999999 enabled=1 skip=0 token=0 path=-\n"); /* above every system's last */
	check(s, 0, "note    firewall: an earlier run did not end cleanly");
	check(s, 0, "has no rules, as it should be");
}

TEST(macos_fallback_is_worth_a_note)
{
	struct scene *s = *state;

	s->env.system = &pf_macos;
	put(s, "nat", "rdr-anchor \"com.apple/*\" all\n");
	put(s, "rules", "anchor \"com.apple/*\" all\n");
	put(s, "all", "anchor \"com.apple/*\" all {\n}\n");
	check(s, 0, "note    firewall: the main ruleset does not name the anchor");
	check(s, 0, "\"com.apple/100.interceptor\" has its rules");
}

TEST(rules_without_daemon)
{
	struct scene *s = *state;

	s->doctor.running = s->doctor.intercepting = false;
	check(s, 1, "but pfinterceptd is not running");
}

TEST(daemon_without_rules)
{
	put(*state, "anchor", "");
	check(*state, 1, "another program removed them");
}

TEST(nothing_loaded_when_interception_is_off)
{
	struct scene *s = *state;

	s->doctor.intercepting = false;
	put(s, "anchor", "");
	check(s, 0, "has no rules, as it should be");
}

TEST(no_pf_at_all)
{
	struct scene *s = *state;

	unlink(s->device);
	check(s, 1, "kldload pf");
	assert_null(strstr(s->out, "anchor"));
}

TEST(pfctl_fails)
{
	struct scene *s = *state;

	unlink(s->pfctl);
	check(s, 1, "pfctl failed");
}

TEST(json_is_one_object_a_line)
{
	struct scene *s = *state;

	s->doctor.json = true;
	check(s, 0, "{\"link\":\"firewall\",\"level\":\"ok\",\"text\":\"pf is enabled\"}\n");
}

TEST(marks_where_the_terminal_has_them)
{
	struct scene *s = *state;

	s->doctor.utf8 = true;
	put(s, "anchor", "");
	check(s, 1, "\u2713 firewall: pf is enabled\n");
	check(s, 2, "\u2717 firewall: pfinterceptd is running");
}

TEST(lines_stay_lines)
{
	struct scene *s = *state;

	doctor_say(&s->doctor, DOCTOR_NOTE, "x", "%s", "a\nb\tc\033[1m\n");
	assert_string_equal(s->out, "note    x: a b c [1m\n");
}

RUN_TESTS(scene_make, scene_end)
