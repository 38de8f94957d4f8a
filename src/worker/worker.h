/*
 * worker.h - the unprivileged process: one event loop that makes every decision.
 */
#pragma once

#include "process/role.h"

/* Runs until the helper says stop or goes away; gives the exit status.
 * ipc_fd: the socket to the helper. Gives up its privileges first: fatal() when it cannot. */
int worker_run(int ipc_fd, const struct role *);
