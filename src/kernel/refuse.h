/*
 * refuse.h - tells a client that its datagram is not taken: an ICMP "port unreachable" in the name of the
 *            destination, so that a connected socket fails with ECONNREFUSED at once.
 *
 * Only root may send such a packet: the worker asks with IPC_REFUSE, one way. How it is sent is
 * refuse_linux.c or refuse_bsd.c; the build chooses one.
 *
 * Owner:   the helper; refuse_init() makes it ready, refuse_close() gives the sockets back.
 * Bounds:  REFUSE_PER_SECOND packets; what is beyond is dropped.
 */
#ifndef PFI_REFUSE_H
#define PFI_REFUSE_H

#include "base/rate.h"
#include "process/ipc.h"

#define REFUSE_PER_SECOND 100

struct refuse {
	struct rate rate;
	int         fd[2];      /* raw sockets for IPv4 and IPv6; -1: not yet open */
	bool        warned;
};

void refuse_init(struct refuse *);
void refuse_close(struct refuse *);

/* One IPC_REFUSE request, checked as if a stranger had made it. */
void refuse_serve(struct refuse *, const struct ipc_msg *, double now);

/* The systems' own part. A socket for refuse_send(), non-blocking or not; 0, or an errno value: EAFNOSUPPORT
 * where this system cannot do it for the family. */
int refuse_open(int family, int *fd);
int refuse_send(int fd, const union addr *client, const union addr *dst);

#endif
