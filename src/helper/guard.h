/*
 * guard.h - the guard: a root process that does nothing until the helper dies, and then tidies up the firewall.
 *
 * The helper tells it over a socket how to leave the firewall. If the socket closes without a goodbye, the helper has
 * died: the guard then removes the anchor (on_failure "open") or loads blocking rules in its place ("closed"), and ends.
 *
 * Owner:   the helper owns its end of the socket, which becomes readable when the guard has ended.
 * Errors:  0 or an errno value, not logged.
 */
#ifndef PFI_GUARD_H
#define PFI_GUARD_H

#include "kernel/anchor.h"

/* Starts the guard; *fd gets the helper's end of the socket. */
int guard_start(int *fd, bool to_stderr);

/* Replaces the guard's order: at the helper's death load text into the anchor, or with NULL remove the anchor. Before
 * the first order the guard leaves the firewall alone. */
int guard_tell(int fd, const struct anchor *, const char *text);

/* Ends the guard without any change to the firewall, and closes fd: the helper ends cleanly. */
void guard_goodbye(int fd);

/* Runs the guard in its own process, fd being its end of the socket. Gives the exit status. */
int guard_run(int fd, bool to_stderr);

#endif
