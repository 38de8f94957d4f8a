/*
 * direct.h - a connected UDP socket of its own to one destination, for a flow that no proxy carries.
 *
 * Owner:   the struct is the caller's, all zero while closed; direct_close() may be called at any time.
 */
#pragma once

#include <ev.h>

#include "base/flow.h"

struct direct {
	struct ev_loop *loop;
	ev_io           readable;       /* active while it is open */
	/* The destination sent a datagram; it is borrowed. Must not close the socket. */
	void          (*received)(void *arg, const uint8_t *msg, size_t len);
	/* The system reports that the destination cannot be reached. May close the socket. */
	void          (*failed)(void *arg, enum close_reason);
	void           *arg;
};

/* Needs loop, received, failed and arg. The socket has the client's address and device, if the client is on this host.
 * CLOSE_DONE, or the reason why there is no socket. */
enum close_reason direct_open(struct direct *, const struct flow *client, const union addr *dst);
void direct_close(struct direct *);

/* 0 or an errno value. */
int  direct_send(struct direct *, const uint8_t *msg, size_t len);
/* The reason to give the flow up after this error; CLOSE_DONE: none, only a datagram is lost. */
enum close_reason direct_reason(int error);
