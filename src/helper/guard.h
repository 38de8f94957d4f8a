/*
 * guard.h - the guard: a process of root that does nothing until the helper dies, and then tidies up the firewall.
 *
 * The helper tells it over a socket how to leave the firewall. If the socket closes without a goodbye, the helper has
 * died: the guard then removes the anchor (on_failure "open") or loads blocking rules in its place ("closed").
 *
 * Owner:   one in the helper; the address of the struct must not change.
 * Errors:  0 or an errno value; that of guard_start() was logged.
 */
#pragma once

#include "helper/child.h"
#include "kernel/anchor.h"

/* The guard had ended, and there is a new one without an order. */
typedef void guard_renewed(void *arg);

struct guard {
	struct child   child;
	struct role    role;
	int            fd;              /* the helper's end of the socket; -1: there is no guard now */
	guard_renewed *renewed;
	void          *arg;
};

/* Starts the guard, and another one whenever it ends. */
int guard_start(struct guard *, bool to_stderr, guard_renewed *, void *arg);

/* Replaces the guard's order: at the helper's death load text into the anchor, or with NULL remove the anchor. Before
 * the first order the guard leaves the firewall alone. */
int guard_tell(const struct guard *, const struct anchor *, const char *text);

/* Ends the guard without any change to the firewall: the helper ends cleanly. */
void guard_goodbye(struct guard *);

/* Runs the guard in its own process, fd being its end of the socket. Gives the exit status. */
int guard_run(int fd, bool to_stderr);
