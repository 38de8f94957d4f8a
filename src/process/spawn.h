/*
 * spawn.h - runs this program again in another role, so that it begins with a fresh address space.
 */
#ifndef PFI_SPAWN_H
#define PFI_SPAWN_H

#include <stdbool.h>
#include <sys/types.h>

/* The descriptor that a role finds its socket at. */
#define SPAWN_FD 3

/* Finds out where this program is; before the working directory changes. 0 or errno. */
int spawn_init(const char *argv0);

/* Runs this program with argv (argv[0] is what ps(1) shows) and fd as SPAWN_FD; every
 * descriptor above is closed. 0 with *pid set, or an errno value. */
int spawn_role(char *const argv[], int fd, pid_t *pid);

#define SPAWN_MORE 8

/* The user that a role becomes, and where it logs to. */
struct spawn_as {
	uid_t uid;
	gid_t gid;
	bool  to_stderr, verbose;
};

/* The same for a role that becomes the user of as; with n more arguments, SPAWN_MORE at most. */
int spawn_user_role(const struct spawn_as *as, char *role, char *const more[], size_t n, int fd, pid_t *pid);

#endif
