/*
 * sandbox.h - what the system offers to narrow the worker further, after the privileges are gone.
 *
 * sandbox_pledge.c (OpenBSD), sandbox_linux.c, sandbox_none.c; chosen by the build.
 */
#ifndef PFI_SANDBOX_H
#define PFI_SANDBOX_H

/* fatal() when a sandbox that should be there refuses. */
void sandbox_worker(void);
/* The same for the capture monitor, whose interfaces are open. */
void sandbox_capture(void);

/* A word for -V: "pledge", "no-new-privs", "none". */
extern const char *const sandbox_name;

#endif
