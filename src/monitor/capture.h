/*
 * capture.h - the capture monitor: a process of its own that reads packets and tells the worker what it overheard.
 *
 * It opens the interfaces as root, then gives everything up; what it sends is checked by the worker as if a stranger
 * had sent it. An answer of DNS counts only when the question was seen, too, and goes back
 * to the station that sent it. Packets to this host are no flows.
 *
 * Bounds:  CAPTURE_QUERIES questions without answer remembered; what the worker is too slow for is dropped and counted.
 */
#ifndef PFI_CAPTURE_H
#define PFI_CAPTURE_H

#include "process/role.h"

#define CAPTURE_QUERIES 1024

/* Reads the packets of the role's interfaces until the parent process ends; fd is the socket to the worker. Gives the
 * exit status; 0: no interface can be read, which was logged. */
int capture_run(int fd, const struct role *);

#endif
