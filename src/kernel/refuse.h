/*
 * refuse.h - refuses a datagram: sends the client an ICMP "port unreachable" from the destination, so that its
 *            connected socket fails with ECONNREFUSED at once.
 *
 * Only root may send such a packet: the worker asks with IPC_REFUSE, which has no answer. refuse_linux.c or
 * refuse_bsd.c sends it; the build chooses one.
 *
 * Owner:   the helper; refuse_init() initializes it, refuse_close() closes the sockets.
 * Errors:  the first one is logged, others are dropped.
 * Bounds:  REFUSE_PER_SECOND packets; requests beyond that are dropped.
 */
#pragma once

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

/* Serves one IPC_REFUSE request, whose contents it does not trust. now: seconds. */
void refuse_serve(struct refuse *, const struct ipc_msg *, double now);

/* Each system's part. refuse_open(): a raw socket for refuse_send(). 0 or an errno value; EAFNOSUPPORT: this system
 * cannot send such packets in the family. */
int refuse_open(int family, int *fd);
int refuse_send(int fd, const union addr *client, const union addr *dst);
