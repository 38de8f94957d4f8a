#include "config.h"

#include "process/spawn.h"

#include <sys/stat.h>

#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <unistd.h>

#include "base/close_from.h"

#define SPAWN_ARGS (6 + 2 * ROLE_INTERFACES)    /* name, user, group, two flags, the end */

static char paths[SPAWN_PROGRAMS][PATH_MAX];

/* The file name of each program, and its argv[0], which ps(1) shows. */
static const char *const files[] = { "pfinterceptd", "pfinterceptd-worker", "pfinterceptd-monitor" };
static const char *const titles[] = { "pfinterceptd-guard", "pfinterceptd-worker", "pfinterceptd-monitor" };

static void
spawn_set(enum spawn_program program, const char *dir, size_t len)
{
	snprintf(paths[program], sizeof(paths[program]), "%.*s/%s", (int)len, dir, files[program]);
}

void
spawn_init_at(const char *self, bool beside)
{
	const char *slash = strrchr(self, '/');
	const size_t len = slash != NULL ? (size_t)(slash - self) : 0;

	if (self != paths[SPAWN_GUARD])
		snprintf(paths[SPAWN_GUARD], sizeof(paths[SPAWN_GUARD]), "%s", self);
	spawn_set(SPAWN_WORKER, self, len);
	spawn_set(SPAWN_MONITOR, self, len);
	if (beside && access(paths[SPAWN_WORKER], F_OK) == 0)
		return;
	spawn_set(SPAWN_WORKER, PFI_LIBEXEC_DIR, strlen(PFI_LIBEXEC_DIR));
	spawn_set(SPAWN_MONITOR, PFI_LIBEXEC_DIR, strlen(PFI_LIBEXEC_DIR));
}

int
spawn_init(const char *argv0)
{
	int error = self_path(argv0, paths[SPAWN_GUARD], sizeof(paths[SPAWN_GUARD]));

	if (error == 0)
		spawn_init_at(paths[SPAWN_GUARD], strchr(argv0, '/') != NULL);
	return error;
}

const char *
spawn_path(enum spawn_program program)
{
	return paths[program];
}

int
spawn_check(enum spawn_program program)
{
	struct stat self, st;

	if (stat(paths[SPAWN_GUARD], &self) == -1 || stat(paths[program], &st) == -1)
		return errno;
	if (!S_ISREG(st.st_mode) || access(paths[program], X_OK) == -1)
		return EACCES;
	return (st.st_uid != 0 && st.st_uid != self.st_uid) || (st.st_mode & S_IWOTH) != 0 ? EPERM : 0;
}

/* Runs in the child: keeps descriptors 0 to ROLE_FD, resets signals and executes the program. */
_Noreturn static void
spawn_exec(const char *path, char *const argv[], int fd)
{
	sigset_t none;

	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	for (int sig = 1; sig < NSIG; sig++)
		signal(sig, SIG_DFL);
	if (fd == ROLE_FD)
		fcntl(fd, F_SETFD, 0);
	else if (dup2(fd, ROLE_FD) == -1)
		_exit(127);
	close_from(ROLE_FD + 1);
	execv(path, argv);
	_exit(127);
}

/* execv(2) has no const form; it does not change the strings. */
static size_t
spawn_add(char *argv[], size_t n, const char *text)
{
	argv[n] = (char *)(uintptr_t)text;
	return n + 1;
}

int
spawn(enum spawn_program program, const struct role *role, int fd, pid_t *pid)
{
	char uid[24], gid[24], *argv[SPAWN_ARGS];
	size_t n = spawn_add(argv, 0, titles[program]);
	int error = spawn_check(program);

	if (error != 0)
		return error;
	snprintf(uid, sizeof(uid), "-u%lu", (unsigned long)role->uid);
	snprintf(gid, sizeof(gid), "-g%lu", (unsigned long)role->gid);
	n = spawn_add(argv, n, program == SPAWN_GUARD ? "-G" : uid);
	if (program != SPAWN_GUARD)
		n = spawn_add(argv, n, gid);
	if (role->to_stderr)
		n = spawn_add(argv, n, "-d");
	if (role->verbose && program != SPAWN_GUARD)
		n = spawn_add(argv, n, "-v");
	for (size_t i = 0; i < role->ninterfaces; i++) {
		n = spawn_add(argv, n, "-i");
		n = spawn_add(argv, n, role->interfaces[i]);
	}
	argv[n] = NULL;
	*pid = fork();
	if (*pid == 0)
		spawn_exec(paths[program], argv, fd);
	return *pid == -1 ? errno : 0;
}
