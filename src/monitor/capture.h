/*
 * capture.h - the capture monitor: a process that reads packets and reports names and flows to the worker.
 *
 * It opens the interfaces as root and then drops all privileges. The worker does not trust its messages. A DNS
 * answer counts only if its question was seen and it goes back to the station that asked. Packets to this host are
 * not flows.
 *
 * Bounds:  it remembers CAPTURE_QUERIES questions; messages that the worker reads too slowly are dropped and counted.
 */
#pragma once

#include "process/role.h"

#define CAPTURE_QUERIES 1024

/* Reads the packets of the role's interfaces until the parent process ends; fd is the socket to the worker. Gives the
 * exit status; 0: no interface can be read, which was logged. */
int capture_run(int fd, const struct role *);
