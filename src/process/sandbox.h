/*
 * sandbox.h - restricts the worker and the monitor further, after they have dropped their privileges.
 *
 * sandbox_pledge.c (OpenBSD), sandbox_linux.c, sandbox_capsicum.c (FreeBSD), sandbox_none.c; chosen by the build.
 */
#pragma once

#include <poll.h>

/* Restricts the worker; fatal() if the system refuses. */
void sandbox_worker(void);
/* The same for the capture monitor, whose interfaces are open: taps. */
void sandbox_capture(const struct pollfd *taps, size_t n);

/* A name for -V: "pledge", "no-new-privs", "capsicum rights", "none". */
extern const char *const sandbox_name;
