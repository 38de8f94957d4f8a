/*
 * guard.h - a third process that does nothing but wait for the helper's end.
 *
 * The helper keeps it told, over a socket, how to leave the firewall. When that closes without a
 * goodbye the helper has died: the guard then removes the anchor (on_failure "open") or loads the
 * block in its place ("closed"), and ends.
 *
 * Owner:  the helper owns its end of the socket, which becomes readable when the guard is gone.
 */
#ifndef PFI_GUARD_H
#define PFI_GUARD_H

#include "kernel/anchor.h"

/* Starts the guard process. 0 with *fd set, or an errno value. */
int guard_start(int *fd, bool to_stderr);

/* From now on, at the helper's death: block text is loaded, or everything is removed (text NULL).
 * firewall: what conf->intercept.firewall says. 0 or an errno value. */
int guard_tell(int fd, const struct anchor *, enum conf_firewall firewall, const char *text);

/* The helper ends cleanly: the guard ends too and touches nothing. */
void guard_goodbye(int fd);

/* The guard's own main; the socket is fd. Gives the exit status. */
int guard_run(int fd, bool to_stderr);

#endif
