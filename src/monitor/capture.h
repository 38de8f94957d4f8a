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

#include <stddef.h>
#include <sys/types.h>

#define CAPTURE_QUERIES 1024

/* The monitor's own main: reads names[0..n) until its parent ends; fd is the socket to the worker. Gives the exit
 * status; 0: none of them can be read, which was logged. */
int capture_run(int fd, uid_t uid, gid_t gid, char *const names[], size_t n);

#endif
