/*
 * The leaks link of "pfinterceptctl doctor" on small file trees: tests/leaks/NAME has root/ with the files, conf, and
 * want, the expected lines. Files in root/commands are the output of programs. GOLDEN_WRITE=1 writes want. The scenes of
 * browsers are for tests/ctl/run.
 */
#include "config.h"

#include "../test.h"

#include "ctl/ctl.h"
#include "ctl/doctor.h"

static char root[256];

/* The tests' addresses stand for themselves. */
size_t
ctl_resolve(const char *host, uint16_t port, union addr *out, size_t max)
{
	return max > 0 && addr_parse(host, port, out) == 0 ? 1 : 0;
}

int
ifaddrs_networks(struct network **list, size_t *count)
{
	*list = NULL;
	*count = 0;
	return 0;
}

int
command_run(const char *const argv[], const char *input, char *output, size_t size, unsigned timeout_ms)
{
	char path[512];
	FILE *f;
	size_t n;

	/* "ps", "resolvectl-dns", "sysctl-net.ipv4.ip_forward" */
	snprintf(path, sizeof(path), "%s/commands/%s%s%s", root, argv[0], strcmp(argv[0], "ps") == 0 ? "" : "-",
	    strcmp(argv[0], "ps") == 0 ? "" : strcmp(argv[1], "-n") == 0 ? argv[2] : argv[1]);
	f = fopen(path, "r");
	if (f == NULL)
		return ENOENT;
	n = fread(output, 1, size - 1, f);
	output[n] = '\0';
	fclose(f);
	return 0;
}

static char *
file(const char *scene, const char *name, size_t *len)
{
	const char *top = getenv("top_srcdir");
	char path[512];
	struct stat st;

	snprintf(path, sizeof(path), "%s/tests/leaks/%s/%s", top != NULL ? top : ".", scene, name);
	return ctl_read(path, len, &st);
}

static void
check_text(const char *scene, const char *said)
{
	const char *top = getenv("top_srcdir");
	char path[512], *want;
	size_t len;
	FILE *f;

	if (getenv("GOLDEN_WRITE") != NULL) {
		snprintf(path, sizeof(path), "%s/tests/leaks/%s/want", top != NULL ? top : ".", scene);
		f = fopen(path, "w");
		assert_non_null(f);
		fputs(said, f);
		fclose(f);
	}
	want = file(scene, "want", &len);
	assert_non_null(want);
	assert_string_equal(said, want);
	free(want);
}

static void
check_scene(const char *scene)
{
	struct conf_report *report = calloc(1, sizeof(*report));
	struct network own[2];
	const struct leaks_place place = { .root = root, .own = own, .nown = 2, .run = command_run };
	const char *top = getenv("top_srcdir");
	struct doctor d = { .json = false };
	struct conf *conf;
	char *text, *said = NULL;
	size_t len;

	assert_non_null(report);
	assert_int_equal(network_parse("192.0.2.2", &own[0]), 0);
	assert_int_equal(network_parse("2001:db8:1::2", &own[1]), 0);
	snprintf(root, sizeof(root), "%s/tests/leaks/%s/root", top != NULL ? top : ".", scene);
	text = file(scene, "conf", &len);
	assert_non_null(text);
	conf = conf_parse("conf", text, len, report);
	if (conf == NULL)
		fail_msg("%s", report->error);
	d.conf = conf;
	d.out = open_memstream(&said, &len);
	assert_int_equal(leaks_check(&d, &place), strcmp(scene, "addresses") != 0);
	fclose(d.out);
	check_text(scene, said);
	assert_int_equal(d.faults, 0);
	free(said);
	free(text);
	conf_free(conf);
	free(report);
}

#define SCENE(function, name) TEST(function) { check_scene(name); }

SCENE(nothing_is_said_where_nothing_leaks, "quiet")
SCENE(without_names_for_a_proxy_there_is_nothing_to_keep, "addresses")
SCENE(each_setting_that_lets_names_out_is_named, "settings")
SCENE(resolvers_that_are_not_intercepted_are_named, "resolvers")
SCENE(a_family_without_listener_is_named, "families")
SCENE(rules_that_catch_the_encrypted_flow_cure, "cured")
SCENE(stubs_count_while_they_run, "stubs")
SCENE(stubs_that_do_not_run_do_not_count, "stubs-idle")
SCENE(systemd_resolved_is_asked, "resolved")
SCENE(resolved_that_does_not_tell_is_said, "resolved-silent")
SCENE(macos_has_ways_of_its_own, "macos")
SCENE(search_and_multicast_are_found, "multicast")
SCENE(a_search_domain_is_worth_a_note, "search")
SCENE(without_ps_programs_are_not_known, "no-ps")

RUN_TESTS(NULL, NULL)
