#include "config.h"

#include "kernel/pf/pf_note.h"

#include <fcntl.h>
#include <glob.h>
#include <inttypes.h>
#include <limits.h>
#include <signal.h>
#include <unistd.h>

/* One line; path "-" stands for "". */
#define NOTE_FORMAT "pid=%ld enabled=%" PRIu32 " skip=%" PRIu32 " token=%" PRIu64 " path=%s\n"

static const char *
path_of(const struct pf_env *env, const char *name, char path[PATH_MAX])
{
	snprintf(path, PATH_MAX, "%s.%s", env->note_file, name);
	return path;
}

int
pf_note_save(const struct pf_env *env, const char *name, const struct pf_changes *r)
{
	char line[512], path[PATH_MAX];
	int fd = open(path_of(env, name, path), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600);
	ssize_t n;

	if (fd == -1)
		return errno;
	snprintf(line, sizeof(line), NOTE_FORMAT, (long)getpid(), r->enabled, r->skip_cleared, r->token,
	    r->path[0] != '\0' ? r->path : "-");
	n = write(fd, line, strlen(line));
	return close(fd) == -1 || n != (ssize_t)strlen(line) ? EIO : 0;
}

static int
note_read(const char *note, long *pid, struct pf_changes *r)
{
	int fd = open(note, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	char line[512], path[sizeof(r->path)] = "";
	ssize_t n;

	if (fd == -1)
		return errno;
	n = read(fd, line, sizeof(line) - 1);
	close(fd);
	if (n <= 0)
		return EINVAL;
	line[n] = '\0';
	memset(r, 0, sizeof(*r));
	_Static_assert(sizeof(path) == 128, "the width of %127s below");
	if (sscanf(line, "pid=%ld enabled=%" SCNu32 " skip=%" SCNu32 " token=%" SCNu64 " path=%127s", pid,
	    &r->enabled, &r->skip_cleared, &r->token, path) != 5)
		return EINVAL;
	if (strcmp(path, "-") != 0)
		memcpy(r->path, path, sizeof(path));
	return 0;
}

int
pf_note_load(const struct pf_env *env, const char *name, struct pf_changes *r)
{
	char path[PATH_MAX];
	long pid;

	return note_read(path_of(env, name, path), &pid, r);
}

void
pf_note_drop(const struct pf_env *env, const char *name)
{
	char path[PATH_MAX];

	unlink(path_of(env, name, path));
}

static bool
is_gone(long pid)
{
	return kill((pid_t)pid, 0) == -1 && errno == ESRCH;
}

bool
pf_note_is_stale(const struct pf_env *env, const char *name)
{
	char path[PATH_MAX];
	struct pf_changes r;
	long pid;

	return note_read(path_of(env, name, path), &pid, &r) == 0 && is_gone(pid);
}

bool
pf_note_others(const struct pf_env *env, const char *name, struct pf_changes *sum)
{
	char path[PATH_MAX], ours[PATH_MAX];
	struct pf_changes r;
	bool found = false;
	glob_t notes;
	long pid;

	path_of(env, name, ours);
	if (glob(path_of(env, "*", path), 0, NULL, &notes) != 0)
		return false;
	for (size_t i = 0; i < notes.gl_pathc; i++) {
		if (strcmp(notes.gl_pathv[i], ours) == 0 || note_read(notes.gl_pathv[i], &pid, &r) != 0 || is_gone(pid))
			continue;
		found = true;
		if (sum == NULL)
			continue;
		sum->enabled |= r.enabled;
		sum->skip_cleared |= r.skip_cleared;
	}
	globfree(&notes);
	return found;
}
