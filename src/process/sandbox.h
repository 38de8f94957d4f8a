/*
 * sandbox.h - restricts the worker and the monitor further, after they have dropped their privileges.
 *
 * sandbox_pledge.c (OpenBSD), sandbox_linux.c, sandbox_none.c; chosen by the build.
 */
#pragma once

/* Restricts the worker; fatal() if the system refuses. */
void sandbox_worker(void);
/* The same for the capture monitor, whose interfaces are open. */
void sandbox_capture(void);

/* A name for -V: "pledge", "no-new-privs", "none". */
extern const char *const sandbox_name;
