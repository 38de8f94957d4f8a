/*
 * worker.h - the unprivileged process: one event loop that takes every decision.
 */
#ifndef PFI_WORKER_H
#define PFI_WORKER_H

#include <stdbool.h>
#include <sys/types.h>

/* Runs until the helper says stop or goes away; gives the exit status.
 * ipc_fd: the socket to the helper. Gives up its privileges first: fatal() when it cannot. */
int worker_run(int ipc_fd, uid_t uid, gid_t gid, bool to_stderr, bool verbose);

#endif
