#include "config.h"

#include "process/spawn.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static char spawn_path[PATH_MAX];

/* argv0 without a slash came from PATH. */
int
spawn_init(const char *argv0)
{
	const char *path = getenv("PATH");
	char file[PATH_MAX];
	size_t len;

	if (strchr(argv0, '/') != NULL)
		return realpath(argv0, spawn_path) != NULL ? 0 : errno;
	while (path != NULL && *path != '\0') {
		len = strcspn(path, ":");
		snprintf(file, sizeof(file), "%.*s/%s", (int)len, path, argv0);
		if (access(file, X_OK) == 0 && realpath(file, spawn_path) != NULL)
			return 0;
		path += len + (path[len] == ':');
	}
	return ENOENT;
}

/* In the child: only descriptors 0 to SPAWN_FD go on, and signals are as new. */
_Noreturn static void
spawn_exec(char *const argv[], int fd)
{
	sigset_t none;
	long max = sysconf(_SC_OPEN_MAX);

	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	for (int sig = 1; sig < NSIG; sig++)
		signal(sig, SIG_DFL);
	if (fd == SPAWN_FD)
		fcntl(fd, F_SETFD, 0);
	else if (dup2(fd, SPAWN_FD) == -1)
		_exit(127);
	for (int other = SPAWN_FD + 1; other < (max > 0 && max < 4096 ? max : 4096); other++)
		close(other);
	execv(spawn_path, argv);
	_exit(127);
}

int
spawn_role(char *const argv[], int fd, pid_t *pid)
{
	*pid = fork();
	if (*pid == 0)
		spawn_exec(argv, fd);
	return *pid == -1 ? errno : 0;
}

int
spawn_user_role(const struct spawn_as *as, char *role, char *const more[], size_t n, int fd, pid_t *pid)
{
	char uid[24], gid[24];
	char *argv[6 + SPAWN_MORE + 1] = { "pfinterceptd", role, uid, gid, as->to_stderr ? "stderr" : "syslog",
		as->verbose ? "verbose" : "normal" };

	snprintf(uid, sizeof(uid), "%lu", (unsigned long)as->uid);
	snprintf(gid, sizeof(gid), "%lu", (unsigned long)as->gid);
	for (size_t i = 0; i < n; i++)
		argv[6 + i] = more[i];
	return spawn_role(argv, fd, pid);
}
