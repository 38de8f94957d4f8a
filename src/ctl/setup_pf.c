#include "config.h"

#include "ctl/setup.h"

#include <sys/stat.h>

#include <limits.h>
#include <unistd.h>

#include "ctl/ctl.h"
#include "ctl/pf_conf.h"
#include "host/command.h"

#define PFCTL_MS 10000

/* One run. */
struct setup {
	const struct setup_place   *place;
	const struct setup_options *options;
	const char  *file;              /* symbolic links resolved */
	char         backup[PATH_MAX + sizeof(SETUP_BACKUP)];
	bool         exists;            /* the file was there */
	struct stat  st;                /* ... its mode and owner, or those of a new file */
	char        *text;              /* its present text */
	size_t       len;
};

static int
failed(const struct setup *s, const char *path, int error)
{
	fprintf(s->place->err, "pfinterceptctl: %s: %s%s\n", path, strerror(error),
	    error == EACCES || error == EPERM ? "; run as root" : "");
	return CTL_FAILED;
}

/* Writes a new file beside the real one, with its mode and owner. path is a template of mkstemp(3). */
static int
write_beside(const struct setup *s, char *path, const char *text, size_t len)
{
	int fd = mkstemp(path);
	FILE *f = fd != -1 ? fdopen(fd, "w") : NULL;
	int error = 0;

	if (f == NULL)
		return errno;
	if ((s->exists && fchown(fd, s->st.st_uid, s->st.st_gid) == -1) || fchmod(fd, s->st.st_mode & 07777) == -1 ||
	    fwrite(text, 1, len, f) != len || fflush(f) != 0 || fsync(fd) == -1)
		error = errno;
	fclose(f);
	if (error != 0)
		unlink(path);
	return error;
}

/* Does "pfctl -nf" accept the file? If not, prints its message. */
static bool
accepted(const struct setup *s, const char *path)
{
	const char *const argv[] = { s->place->env->pfctl, "-nf", path, NULL };
	const char *const now[] = { s->place->env->pfctl, "-nf", s->file, NULL };
	char output[4096], ignored[1];
	int error = command_run(argv, NULL, output, sizeof(output), PFCTL_MS);

	if (error == 0)
		return true;
	if (error != EIO) {
		failed(s, s->place->env->pfctl, error);
		return false;
	}
	fprintf(s->place->err, "%spfinterceptctl: pfctl rejects the new text; %s is unchanged\n", output, s->file);
	if (s->exists && command_run(now, NULL, ignored, sizeof(ignored), PFCTL_MS) == EIO)
		fprintf(s->place->err, "pfinterceptctl: pfctl rejects the present file, too: correct that first\n");
	else
		fprintf(s->place->err, "pfinterceptctl: add the lines by hand where pfctl accepts them\n");
	return false;
}

/* Has the file exactly this text? text NULL: does it not exist? */
static bool
holds(const char *path, const char *text, size_t len)
{
	struct stat st;
	size_t n;
	char *now = ctl_read(path, &n, &st);
	bool same = text == NULL && errno == ENOENT;

	if (now != NULL)
		same = text != NULL && n == len && memcmp(now, text, n) == 0;
	free(now);
	return same;
}

/* Renames path to the file, unless pfctl rejects it (undo does not ask) or the file has changed since it was read. A
 * second link keeps the present text as the backup. */
static int
rename_checked(const struct setup *s, const char *path)
{
	const bool backup = s->exists && !s->options->undo;

	if (!s->options->undo && !accepted(s, path))
		return CTL_FAILED;
	if (!holds(s->file, s->exists ? s->text : NULL, s->len)) {
		fprintf(s->place->err, "pfinterceptctl: %s was changed meanwhile; run this again\n", s->file);
		return CTL_FAILED;
	}
	if (backup && ((unlink(s->backup) == -1 && errno != ENOENT) || link(s->file, s->backup) == -1))
		return failed(s, s->backup, errno);
	return rename(path, s->file) == 0 ? CTL_OK : failed(s, s->file, errno);
}

/* Replaces the file's text as a whole, or not at all. */
static int
replace(const struct setup *s, const char *text, size_t len)
{
	char path[PATH_MAX + 8];
	int status, error;

	snprintf(path, sizeof(path), "%s.XXXXXX", s->file);
	error = write_beside(s, path, text, len);
	if (error != 0)
		return failed(s, path, error);
	status = rename_checked(s, path);
	if (status != CTL_OK)
		unlink(path);
	return status;
}

/* After undo: removes a backup with the same text as the file, and a file without backup that setup had created. */
static int
undone(const struct setup *s, const struct pf_conf_result *new)
{
	const bool made = holds(s->backup, NULL, 0) && new->len == 0;

	if ((holds(s->backup, new->text, new->len) && unlink(s->backup) == -1) || (made && unlink(s->file) == -1))
		return failed(s, s->backup, errno);
	return CTL_OK;
}

/* Asks on the terminal. */
static bool
agreed(const struct setup *s)
{
	char answer[16] = "";
	ssize_t n;

	if (s->options->yes)
		return true;
	if (!isatty(s->place->in)) {
		fprintf(s->place->err, "pfinterceptctl: there is no terminal to ask on; use -y to skip the question\n");
		return false;
	}
	fprintf(s->place->out, "Make this change to %s? [y/N] ", s->file);
	fflush(s->place->out);
	n = read(s->place->in, answer, sizeof(answer) - 1);
	if (n > 0 && (answer[0] == 'y' || answer[0] == 'Y'))
		return true;
	fprintf(s->place->out, "nothing was changed\n");
	return false;
}

static void
say_what_follows(const struct setup *s, const struct pf_conf_result *new)
{
	FILE *out = s->place->out;

	if (access(s->file, F_OK) == -1) {
		fprintf(out, "%s is removed, because setup had created it\n", s->file);
		return;
	}
	if (!s->options->undo && s->exists)
		fprintf(out, "%s is changed; the previous file is %s\n", s->file, s->backup);
	else
		fprintf(out, "%s is %s\n", s->file, s->exists ? "changed" : "created");
	fprintf(out, "To load it: pfctl -f %s\n", s->file);
	if (new->skips_lo)
		fprintf(out, "Its \"set skip\" for the loopback interface can stay: pfinterceptd clears it while it "
		    "runs.\n");
}

static int
change(const struct setup *s, const struct pf_conf_result *new)
{
	int error = pf_conf_diff(s->place->out, s->file, s->exists ? s->file : "/dev/null", new->text);
	int status;

	if (error != 0)
		return failed(s, "diff", error);
	fflush(s->place->out);
	if (s->options->show)
		return CTL_OK;
	if (!agreed(s))
		return CTL_FAILED;
	status = replace(s, new->text, new->len);
	if (status == CTL_OK && s->options->undo)
		status = undone(s, new);
	if (status == CTL_OK)
		say_what_follows(s, new);
	return status;
}

static int
decide(const struct setup *s, const char *anchor)
{
	const struct pf_system *system = s->place->env->system;
	const struct pf_conf_wish wish = { .file = s->file, .anchor = anchor, .translation = system->translation,
		.nat = system->nat, .fallback = system->fallback };
	struct pf_conf_result new;
	int status = CTL_OK, error = s->options->undo ? pf_conf_undo(s->text, s->len, &new) :
	    pf_conf_insert(s->text, s->len, &wish, &new);

	if (error != 0)
		return failed(s, s->file, error);
	switch (new.answer) {
	case PF_CONF_THERE:
		fprintf(s->place->out, s->options->undo ? "%s has no line of pfinterceptctl; nothing to undo\n" :
		    "%s evaluates the anchor already; nothing to do\n", s->file);
		break;
	case PF_CONF_FALLBACK:
		fprintf(s->place->out, "not needed on %s: %s evaluates \"%s%s\", where pfinterceptd puts its rules\n",
		    system->name, s->file, system->fallback, anchor);
		break;
	case PF_CONF_PROBLEM:
		fprintf(s->place->err, "pfinterceptctl: %s\n", new.problem);
		status = CTL_FAILED;
		break;
	case PF_CONF_CHANGED:
		status = change(s, &new);
		break;
	}
	free(new.text);
	return status;
}

int
setup_pf(const struct setup_place *place, const struct setup_options *options, const char *anchor)
{
	struct setup s = { .place = place, .options = options, .exists = true };
	char *real = realpath(options->file, NULL);
	int status;

	s.file = real != NULL ? real : options->file;
	snprintf(s.backup, sizeof(s.backup), "%s" SETUP_BACKUP, s.file);
	s.text = ctl_read(s.file, &s.len, &s.st);
	if (s.text == NULL && errno == ENOENT) {
		s.exists = false; /* FreeBSD comes without one */
		s.st.st_mode = S_IRUSR | S_IWUSR;
		s.text = strdup("");
	}
	status = s.text != NULL ? decide(&s, anchor) : failed(&s, s.file, errno);
	free(s.text);
	free(real);
	return status;
}
