/*
 * spawn.h - the programs of the daemon's processes, and how the helper runs them: each begins with a fresh address
 *           space, descriptors 0 to 2, and a socket as ROLE_FD.
 *
 * The worker and the monitor are executables of their own; the guard is pfinterceptd itself with the flag -G. The
 * search for them uses neither PATH nor any other variable of the environment.
 *
 * Owner:   one table in the process; spawn_init() fills it before the working directory changes.
 * Errors:  0 or an errno value.
 */
#pragma once

#include "process/role.h"

enum spawn_program { SPAWN_GUARD, SPAWN_WORKER, SPAWN_MONITOR, SPAWN_PROGRAMS };

/* Finds the programs. If argv0 has a slash and the worker lies beside pfinterceptd's own file, as in a build tree, that
 * directory is used for all; otherwise the configured one, PFI_LIBEXEC_DIR. */
int spawn_init(const char *argv0);
/* Does the same for a program file with the path self; beside: its directory may be used. */
void spawn_init_at(const char *self, bool beside);

/* Returns the absolute path of a program. */
const char *spawn_path(enum spawn_program);

/* Checks that a program may be run. ENOENT: it is missing; EACCES: it is not executable; EPERM: it belongs neither to
 * root nor to the owner of pfinterceptd, or anybody may write to it. */
int spawn_check(enum spawn_program);

/* Runs a program. There fd becomes ROLE_FD, and every other descriptor above 2 is closed; here fd stays the caller's.
 * role becomes its arguments; the guard takes to_stderr only. */
int spawn(enum spawn_program, const struct role *, int fd, pid_t *pid);

/* Finds the path of this process's program file. In self_linux.c and its siblings; the build chooses one. */
int self_path(const char *argv0, char *path, size_t size);
