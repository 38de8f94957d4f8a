/*
 * child.h - supervises one process: starts it with a socket, notices its end and starts it again.
 *
 * Each delay is twice the one before, so that a persistent fault costs little. After a process that ran for stable_s
 * seconds the delay is the first one again.
 *
 * Owner:   one for each process, part of its user's struct. It uses the default loop, the only one that notices the end
 *          of processes. The role is borrowed.
 * Units:   seconds.
 * Errors:  0 or an errno value.
 */
#pragma once

#include <ev.h>

#include "process/spawn.h"

struct child_kind {
	const char        *name;        /* for the log: "the worker" */
	void             (*log)(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
	enum spawn_program program;
	int                socket_type;
	double             first_s, max_s, stable_s;    /* delays; first_s 0: no delay at first */
};

/* The process has ended; status is that of waitpid(2). True: start it again after the delay, which is logged. */
typedef bool child_ended(void *arg, int status);
/* The delay is over: call child_start(). */
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

void child_init(struct child *, const struct child_kind *, const struct role *, child_ended *, child_again *,
    void *arg);

/* Starts the process. *fd gets our end of its socket, close-on-exec; it belongs to the caller. */
int child_start(struct child *, int *fd);
/* Calls again() after a number of seconds. */
void child_restart(struct child *, double seconds);
/* Kills the process; ended() follows. */
void child_kill(const struct child *);
/* Kills the process; neither ended() nor again() follow. The next delay is the first one. */
void child_stop(struct child *);
