/*
 * child.h - supervises one process of the helper's: starts it, hands it a socket, sees its end, starts it again.
 *
 * Each start waits twice as long as the one before, so that a fault that stays costs little; a process that ran for
 * stable_s seconds begins with the first delay again.
 *
 * Owner:   one for each process, part of its user's struct; it lives on the default loop, which alone sees the end of
 *          processes. The role is borrowed.
 * Units:   seconds.
 * Errors:  0 or an errno value.
 */
#ifndef PFI_CHILD_H
#define PFI_CHILD_H

#include <ev.h>

#include "process/spawn.h"

struct child_kind {
	const char        *name;        /* for the log: "the worker" */
	void             (*log)(const char *fmt, ...) __attribute__((format(printf, 1, 2)));    /* log_error or log_warn */
	enum spawn_program program;
	int                socket_type;
	double             first_s, max_s, stable_s;    /* delays; first_s 0: the first is none */
};

/* The process has ended; status as waitpid(2) gives it. True: start it again after the delay, which is logged. */
typedef bool child_ended(void *arg, int status);
/* The delay is over: the user calls child_start(). */
typedef void child_again(void *arg);

struct child {
	const struct child_kind *kind;
	const struct role       *role;
	child_ended             *ended;
	child_again             *again;
	void                    *arg;
	pid_t                    pid;   /* 0: none */
	double                   delay, began;
	ev_child                 watcher;
	ev_timer                 restart;
};

void child_init(struct child *, const struct child_kind *, const struct role *, child_ended *, child_again *, void *arg);

/* Runs the program. *fd is our end of the socket, close-on-exec, and the caller's. */
int child_start(struct child *, int *fd);
/* Calls again() in so many seconds. */
void child_restart(struct child *, double seconds);
/* SIGKILL; ended() follows. */
void child_kill(const struct child *);
/* SIGKILL, and neither ended() nor again() follow. The next delay is the first. */
void child_stop(struct child *);

#endif
