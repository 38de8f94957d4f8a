/*
 * "pfinterceptctl setup" on a file, with a pfctl that is a script: it notes how it was called, keeps what
 * it was shown, and does what a file beside it says.
 */
#include "config.h"

#include <sys/stat.h>

#include <dirent.h>
#include <fcntl.h>

#include "../test.h"

#include "ctl/ctl.h"
#include "ctl/setup.h"

#define BEFORE "set skip on lo0\nscrub in all\npass out\n"
#define LINES  "nat-anchor \"interceptor\" # pfinterceptctl setup\nrdr-anchor \"interceptor\" # pfinterceptctl setup\n" \
	"anchor \"interceptor\" # pfinterceptctl setup\n"
#define AFTER  "set skip on lo0\nscrub in all\n" LINES "pass out\n"

struct scene {
	char dir[64], file[128], backup[160], pfctl[128];
	struct pf_env env;
	struct setup_options options;
	int  in;                        /* the terminal, or none */
	char *out, *err;
	size_t out_len, err_len;
};

static void
put(const char *path, const char *text, mode_t mode)
{
	FILE *f = fopen(path, "w");

	assert_non_null(f);
	fputs(text, f);
	fclose(f);
	assert_int_equal(chmod(path, mode), 0);
}

static char *
in_dir(const struct scene *s, const char *name)
{
	static char path[256];

	snprintf(path, sizeof(path), "%s/%s", s->dir, name);
	return path;
}

static void
check_file(const char *path, const char *want)
{
	char text[4096] = "";
	FILE *f = fopen(path, "r");

	assert_non_null(f);
	text[fread(text, 1, sizeof(text) - 1, f)] = '\0';
	fclose(f);
	assert_string_equal(text, want);
}

/* Files in the directory, without the script's own. */
static int
files(const struct scene *s)
{
	DIR *d = opendir(s->dir);
	const struct dirent *e;
	int n = 0;

	assert_non_null(d);
	while ((e = readdir(d)) != NULL)
		n += strncmp(e->d_name, "pf.conf", 7) == 0;
	closedir(d);
	return n;
}

static int
scene_make(void **state)
{
	struct scene *s = calloc(1, sizeof(*s));
	char script[512];

	assert_non_null(s);
	strcpy(s->dir, "/tmp/test_setup.XXXXXX");
	assert_non_null(mkdtemp(s->dir));
	snprintf(s->file, sizeof(s->file), "%s/pf.conf", s->dir);
	snprintf(s->backup, sizeof(s->backup), "%s.pfinterceptd", s->file);
	snprintf(s->pfctl, sizeof(s->pfctl), "%s/pfctl", s->dir);
	snprintf(script, sizeof(script), "#!/bin/sh\ncd %s\necho \"$1\" >>called\ncp \"$2\" shown\n"
	    "[ ! -e meddle ] || echo block >>pf.conf\n[ ! -e refuse ] || { echo \"$2:3: syntax error\" >&2; exit 1; }\n", s->dir);
	put(s->pfctl, script, 0755);
	put(s->file, BEFORE, 0640);
	s->env = (struct pf_env){ .system = &pf_freebsd, .pfctl = s->pfctl };
	s->options = (struct setup_options){ .file = s->file };
	s->in = -1;
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
	free(s->out);
	free(s->err);
	free(s);
	return 0;
}

static void
run(struct scene *s, int status)
{
	struct setup_place place = { .env = &s->env, .in = s->in };

	free(s->out);
	free(s->err);
	place.out = open_memstream(&s->out, &s->out_len);
	place.err = open_memstream(&s->err, &s->err_len);
	assert_true(place.out != NULL && place.err != NULL);
	assert_int_equal(setup_pf(&place, &s->options, "interceptor"), status);
	fclose(place.out);
	fclose(place.err);
}

static void
check_said(const char *said, const char *part)
{
	if (strstr(said, part) == NULL)
		fail_msg("\"%s\" does not say \"%s\"", said, part);
}

static void
check_untouched(const struct scene *s)
{
	check_file(s->file, BEFORE);
	assert_int_equal(files(s), 1);
}

/* A terminal on which this answer was typed. */
static int
terminal(struct scene *s, const char *answer)
{
	int fd = posix_openpt(O_RDWR | O_NOCTTY);

	assert_true(fd != -1 && grantpt(fd) == 0 && unlockpt(fd) == 0);
	s->in = open(ptsname(fd), O_RDWR | O_NOCTTY);
	assert_true(s->in != -1);
	assert_int_equal(write(fd, answer, strlen(answer)), (ssize_t)strlen(answer));
	return fd;
}

TEST(change_is_checked_backed_up_and_made)
{
	struct scene *s = *state;
	struct stat st;

	s->options.yes = true;
	run(s, CTL_OK);
	check_file(s->file, AFTER);
	check_file(s->backup, BEFORE);
	check_file(in_dir(s, "called"), "-nf\n");
	check_file(in_dir(s, "shown"), AFTER);
	assert_int_equal(files(s), 2);
	assert_int_equal(stat(s->file, &st), 0);
	assert_int_equal(st.st_mode & 07777, 0640);
	assert_int_equal(stat(s->backup, &st), 0);
	assert_int_equal(st.st_mode & 07777, 0640);
	check_said(s->out, "+anchor \"interceptor\"");
	check_said(s->out, "To load it: pfctl -f ");
	check_said(s->out, "\"set skip\"");
	assert_string_equal(s->err, "");
}

TEST(second_run_has_nothing_to_do)
{
	struct scene *s = *state;

	s->options.yes = true;
	run(s, CTL_OK);
	run(s, CTL_OK);
	check_said(s->out, "nothing to do");
	check_file(s->file, AFTER);
	check_file(s->backup, BEFORE);
	check_file(in_dir(s, "called"), "-nf\n");
}

TEST(showing_changes_nothing)
{
	struct scene *s = *state;

	s->options.show = true;
	run(s, CTL_OK);
	check_said(s->out, "+rdr-anchor \"interceptor\"");
	check_untouched(s);
}

TEST(openbsd_gets_one_line)
{
	struct scene *s = *state;

	s->env.system = &pf_openbsd;
	s->options.show = true;
	run(s, CTL_OK);
	check_said(s->out, "@@ -1,3 +1,4 @@");
	assert_null(strstr(s->out, "rdr-anchor"));
}

TEST(text_that_pfctl_refuses_is_not_written)
{
	struct scene *s = *state;

	s->options.yes = true;
	put(in_dir(s, "refuse"), "", 0644);
	run(s, CTL_FAILED);
	check_said(s->err, ":3: syntax error");
	check_said(s->err, "is unchanged");
	check_said(s->err, "correct that first");
	check_untouched(s);
}

TEST(without_pfctl_nothing_is_written)
{
	struct scene *s = *state;

	s->options.yes = true;
	unlink(s->pfctl);
	run(s, CTL_FAILED);
	check_said(s->err, "No such file");
	check_untouched(s);
}

TEST(file_changed_meanwhile_is_left_alone)
{
	struct scene *s = *state;

	s->options.yes = true;
	put(in_dir(s, "meddle"), "", 0644);
	run(s, CTL_FAILED);
	check_said(s->err, "was changed meanwhile");
	check_file(s->file, BEFORE "block\n");
	assert_int_equal(files(s), 1);
}

TEST(without_terminal_it_does_not_ask)
{
	struct scene *s = *state;

	s->in = open("/dev/null", O_RDONLY);
	run(s, CTL_FAILED);
	check_said(s->err, "no terminal");
	check_untouched(s);
	close(s->in);
}

TEST(answer_decides)
{
	struct scene *s = *state;
	int fd = terminal(s, "n\n");

	run(s, CTL_FAILED);
	check_said(s->out, "[y/N]");
	check_said(s->out, "nothing was changed");
	check_untouched(s);
	close(s->in);
	close(fd);
	fd = terminal(s, "y\n");
	run(s, CTL_OK);
	check_file(s->file, AFTER);
	close(s->in);
	close(fd);
}

TEST(undo_restores_and_cleans_up)
{
	struct scene *s = *state;

	s->options.yes = true;
	run(s, CTL_OK);
	s->options.undo = true;
	put(in_dir(s, "refuse"), "", 0644); /* undoing asks nobody */
	run(s, CTL_OK);
	check_said(s->out, "-anchor \"interceptor\"");
	check_untouched(s);
	run(s, CTL_OK);
	check_said(s->out, "nothing to undo");
}

TEST(undo_keeps_a_backup_that_says_something_else)
{
	struct scene *s = *state;

	s->options.yes = true;
	run(s, CTL_OK);
	put(s->file, AFTER "block in on em1\n", 0640);
	s->options.undo = true;
	run(s, CTL_OK);
	check_file(s->file, BEFORE "block in on em1\n");
	check_file(s->backup, BEFORE);
}

TEST(file_that_was_not_there_comes_and_goes)
{
	struct scene *s = *state;
	struct stat st;

	unlink(s->file);
	s->options.yes = true;
	run(s, CTL_OK);
	check_file(s->file, LINES);
	assert_int_equal(stat(s->file, &st), 0);
	assert_int_equal(st.st_mode & 07777, 0600);
	assert_int_equal(files(s), 1);
	s->options.undo = true;
	run(s, CTL_OK);
	check_said(s->out, "is removed");
	assert_int_equal(files(s), 0);
}

TEST(symbolic_link_stays_one)
{
	struct scene *s = *state;
	char link[192];
	struct stat st;

	snprintf(link, sizeof(link), "%s/link", s->dir);
	assert_int_equal(symlink(s->file, link), 0);
	s->options.file = link;
	s->options.yes = true;
	run(s, CTL_OK);
	assert_int_equal(lstat(link, &st), 0);
	assert_true(S_ISLNK(st.st_mode));
	check_file(s->file, AFTER);
	check_file(s->backup, BEFORE);
}

TEST(macos_as_it_comes_needs_nothing)
{
	struct scene *s = *state;

	put(s->file, "rdr-anchor \"com.apple/*\"\nanchor \"com.apple/*\"\n", 0644);
	s->env.system = &pf_macos;
	s->options.yes = true;
	run(s, CTL_OK);
	check_said(s->out, "not needed on macOS");
	check_said(s->out, "\"com.apple/100.interceptor\"");
	assert_int_equal(files(s), 1);
}

TEST(what_cannot_be_read_is_said)
{
	struct scene *s = *state;

	put(s->file, "include \"nowhere\"\n", 0644);
	s->options.yes = true;
	run(s, CTL_FAILED);
	check_said(s->err, "hides rules from setup");
	s->options.file = s->dir;
	run(s, CTL_FAILED);
	check_said(s->err, s->dir);
}

RUN_TESTS(scene_make, scene_end)
