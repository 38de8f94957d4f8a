/*
 * "pfinterceptctl setup" on texts: tests/setup has a pf.conf of each kind, NAME.conf, and the expected
 * change, NAME.diff (none: nothing is changed). GOLDEN_WRITE=1 writes them instead.
 */
#include "config.h"

#include "../test.h"

#include "ctl/pf_conf.h"

static char *
read_file(const char *path, size_t *len)
{
	FILE *f = fopen(path, "rb");
	char *text = NULL;

	*len = 0;
	if (f == NULL)
		return NULL;
	text = malloc(65536);
	assert_non_null(text);
	*len = fread(text, 1, 65536, f);
	fclose(f);
	return text;
}

static void
path_of(char path[512], const char *name, const char *suffix)
{
	const char *top = getenv("top_srcdir");

	snprintf(path, 512, "%s/tests/setup/%s%s", top != NULL ? top : ".", name, suffix);
}

static struct pf_conf_wish
wish_for(const char *system)
{
	struct pf_conf_wish wish = { .file = "/etc/pf.conf", .anchor = "interceptor", .translation = true };

	if (strncmp(system, "openbsd", 7) == 0)
		wish.translation = false;
	wish.nat = strncmp(system, "freebsd", 7) == 0;
	if (strncmp(system, "macos", 5) == 0)
		wish.fallback = "com.apple/100.";
	return wish;
}

static void
insert(const char *text, size_t len, const char *system, struct pf_conf_result *r)
{
	struct pf_conf_wish wish = wish_for(system);

	assert_int_equal(pf_conf_insert(text, len, &wish, r), 0);
}

/* What is added is found again, and taking it out gives the same bytes. */
static void
check_undo(const char *text, size_t len, const char *system, const struct pf_conf_result *changed)
{
	struct pf_conf_result again;

	insert(changed->text, changed->len, system, &again);
	assert_int_equal(again.answer, PF_CONF_THERE);
	assert_int_equal(pf_conf_undo(changed->text, changed->len, &again), 0);
	assert_int_equal(again.answer, PF_CONF_CHANGED);
	assert_int_equal(again.len, len);
	assert_memory_equal(again.text, text, len);
	free(again.text);
}

static void
check_diff(const char *name, const struct pf_conf_result *r)
{
	char path[512], *diff = NULL, *want;
	size_t diff_len, want_len;
	FILE *f = open_memstream(&diff, &diff_len);

	assert_non_null(f);
	path_of(path, name, ".conf");
	assert_int_equal(pf_conf_diff(f, "/etc/pf.conf", path, r->text), 0);
	fclose(f);
	path_of(path, name, ".diff");
	if (getenv("GOLDEN_WRITE") != NULL) {
		f = fopen(path, "wb");
		assert_non_null(f);
		fwrite(diff, 1, diff_len, f);
		fclose(f);
	}
	want = read_file(path, &want_len);
	if (want == NULL)
		fail_msg("%s: %s", path, strerror(errno));
	want[want_len] = '\0';
	assert_string_equal(diff, want);
	free(want);
	free(diff);
}

static void
check_sample(const char *name, enum pf_conf_answer answer)
{
	struct pf_conf_result r;
	char path[512], *text;
	size_t len;

	path_of(path, name, ".conf");
	text = read_file(path, &len);
	if (text == NULL)
		fail_msg("%s: %s", path, strerror(errno));
	insert(text, len, name, &r);
	assert_string_equal(r.problem, "");
	assert_int_equal(r.answer, answer);
	if (answer == PF_CONF_CHANGED) {
		check_diff(name, &r);
		check_undo(text, len, name, &r);
	} else
		assert_null(r.text);
	free(r.text);
	free(text);
}

#define SAMPLE(function, name, answer) TEST(function) { check_sample(name, answer); }

SAMPLE(macos_stock_needs_nothing, "macos-stock", PF_CONF_FALLBACK)
SAMPLE(macos_without_com_apple_gets_both, "macos-vpn", PF_CONF_CHANGED)
SAMPLE(freebsd_behind_the_last_translation_rule, "freebsd-handbook", PF_CONF_CHANGED)
SAMPLE(freebsd_without_filter_rules, "freebsd-nat-only", PF_CONF_CHANGED)
SAMPLE(freebsd_with_options_only, "freebsd-set-only", PF_CONF_CHANGED)
SAMPLE(freebsd_gets_only_what_it_lacks, "freebsd-half", PF_CONF_CHANGED)
SAMPLE(freebsd_done_by_hand_stays, "freebsd-byhand", PF_CONF_THERE)
SAMPLE(freebsd_odd_one_is_cut_as_pfctl_cuts_it, "freebsd-odd", PF_CONF_CHANGED)
SAMPLE(last_line_without_end, "freebsd-no-end", PF_CONF_CHANGED)
SAMPLE(last_translation_line_without_end, "freebsd-no-end-nat", PF_CONF_CHANGED)
SAMPLE(empty_file, "freebsd-empty", PF_CONF_CHANGED)
SAMPLE(crlf_stays_crlf, "freebsd-crlf", PF_CONF_CHANGED)
SAMPLE(crlf_last_line_without_end, "freebsd-crlf-no-end", PF_CONF_CHANGED)
SAMPLE(openbsd_has_no_rdr_anchor, "openbsd-stock", PF_CONF_CHANGED)
SAMPLE(openbsd_before_match, "openbsd-match", PF_CONF_CHANGED)

static void
check_text(const char *system, const char *text, const char *want)
{
	struct pf_conf_result r;

	insert(text, strlen(text), system, &r);
	assert_string_equal(r.problem, "");
	assert_int_equal(r.answer, PF_CONF_CHANGED);
	assert_string_equal(r.text, want);
	check_undo(text, strlen(text), system, &r);
	free(r.text);
}

static void
check_problem(const char *text, const char *part)
{
	struct pf_conf_result r;

	insert(text, strlen(text), "freebsd", &r);
	assert_int_equal(r.answer, PF_CONF_PROBLEM);
	assert_null(r.text);
	if (strstr(r.problem, part) == NULL)
		fail_msg("\"%s\" does not say \"%s\"", r.problem, part);
}

#define RDR    "nat-anchor \"interceptor\" # pfinterceptctl setup\nrdr-anchor \"interceptor\" # pfinterceptctl setup\n"
#define ANCHOR "anchor \"interceptor\" # pfinterceptctl setup\n"

TEST(hash_inside_quotes_is_no_comment)
{
	check_text("openbsd", "name = \"a # b\"\npass\n", "name = \"a # b\"\n" ANCHOR "pass\n");
	check_text("openbsd", "name = \"a # b\npass\"\nset limit states 9\n",
	    "name = \"a # b\npass\"\nset limit states 9\n" ANCHOR);
}

TEST(quote_inside_a_word_opens_nothing)
{
	check_text("openbsd", "set fingerprints it's\npass\nblock label 'x'\n",
	    "set fingerprints it's\n" ANCHOR "pass\nblock label 'x'\n");
}

TEST(continued_line_is_one_statement)
{
	check_text("freebsd", "nat on em0 from any \\\n\tto any -> \\\n(em0)\n\\\npass\n",
	    "nat on em0 from any \\\n\tto any -> \\\n(em0)\n" RDR ANCHOR "\\\npass\n");
}

TEST(comment_stays_with_its_rule)
{
	check_text("openbsd", "# head\n\n# about pass\n  # more\npass\n", "# head\n\n" ANCHOR "# about pass\n  # more\npass\n");
}

TEST(no_rdr_is_translation_and_no_scrub_is_not)
{
	check_text("freebsd", "no scrub in on em1\nno rdr on em1 all\npass\n",
	    "no scrub in on em1\nno rdr on em1 all\n" RDR ANCHOR "pass\n");
}

/* set require-order no */
TEST(translation_behind_filter_rules_is_left_there)
{
	check_text("freebsd", "pass\nnat on em0 all -> (em0)\n", RDR ANCHOR "pass\nnat on em0 all -> (em0)\n");
}

TEST(anchor_of_another_name_does_not_count)
{
	check_text("openbsd", "anchor \"interceptor2\"\nanchor \"x/interceptor\"\n",
	    ANCHOR "anchor \"interceptor2\"\nanchor \"x/interceptor\"\n");
}

TEST(skip_on_lo_is_seen)
{
	static const char *const yes[] = { "set skip on lo\n", "set skip on lo0", "set skip on { em0,\n lo0 }\n",
		"set \\\nskip on lo0\n" };
	static const char *const no[] = { "set skip on lo1\n", "# set skip on lo0\n", "set skip on { em0 }\n", "" };
	struct pf_conf_result r;

	for (size_t i = 0; i < sizeof(yes) / sizeof(yes[0]); i++) {
		insert(yes[i], strlen(yes[i]), "openbsd", &r);
		assert_true(r.skips_lo);
		free(r.text);
	}
	for (size_t i = 0; i < sizeof(no) / sizeof(no[0]); i++) {
		insert(no[i], strlen(no[i]), "openbsd", &r);
		assert_false(r.skips_lo);
		free(r.text);
	}
}

TEST(texts_that_cannot_be_changed_say_why)
{
	check_problem("include \"nowhere\"\npass\n", "/etc/pf.conf:1: an include or a macro hides");
	check_problem("scrub in\n\n# of a macro\n$rules\npass\n", "/etc/pf.conf:3: an include or a macro hides");
	check_problem("include \"nowhere\"\n", "add 'anchor \"interceptor\"' by hand");
	check_problem("include \"nowhere\"\n", "a nat-anchor and a rdr-anchor of that name");
	check_problem("set limit { states 9\npass\n", "does not end");
	check_problem("set x \"open\npass\n", "does not end");
	check_problem("# a comment that goes on \\\n", "does not end");
}

TEST(include_or_macro_behind_the_places_hides_nothing)
{
	check_text("openbsd", "pass\ninclude \"nowhere\"\n$rules\n", ANCHOR "pass\ninclude \"nowhere\"\n$rules\n");
}

TEST(undo_keeps_what_was_added_behind)
{
	static const char text[] = "scrub in\nanchor \"interceptor\" # pfinterceptctl setup (added a line end)\npass\n";
	struct pf_conf_result r;

	assert_int_equal(pf_conf_undo(text, strlen(text), &r), 0);
	assert_int_equal(r.answer, PF_CONF_CHANGED);
	assert_string_equal(r.text, "scrub in\npass\n");
	free(r.text);
}

TEST(undo_leaves_lines_made_by_hand)
{
	static const char text[] = "anchor \"interceptor\"\n# pfinterceptctl setup was not here\n";
	struct pf_conf_result r;

	assert_int_equal(pf_conf_undo(text, strlen(text), &r), 0);
	assert_int_equal(r.answer, PF_CONF_THERE);
	assert_null(r.text);
}

/* Whatever is cut off at whatever place: undo gives it back. */
TEST(every_beginning_of_a_file_can_be_undone)
{
	static const char *const names[] = { "freebsd-handbook", "freebsd-odd", "freebsd-crlf", "openbsd-stock" };
	struct pf_conf_result r;
	char path[512], *text;
	size_t len;

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		path_of(path, names[i], ".conf");
		text = read_file(path, &len);
		assert_non_null(text);
		for (size_t cut = 0; cut < len; cut++) {
			insert(text, cut, names[i], &r);
			assert_true(r.answer == PF_CONF_CHANGED || r.answer == PF_CONF_PROBLEM);
			if (r.answer == PF_CONF_CHANGED)
				check_undo(text, cut, names[i], &r);
			free(r.text);
		}
		free(text);
	}
}

RUN_TESTS(NULL, NULL)
