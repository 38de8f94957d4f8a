/*
 * dial.h - connects a direct flow to its destination, with the client's own source (host/source.h).
 *
 * Other addresses of the same host are tried, too: the next one begins when the one before has failed, or after
 * DIAL_NEXT_S. The first one to connect is taken (RFC 8305 section 5).
 *
 * Owner:   a struct dial ends with its callback, or with dial_cancel() before. The callback takes the socket over.
 * Units:   seconds.
 */
#pragma once

#include "base/flow.h"

struct dial;
struct ev_loop;

#define DIAL_ADDRS  8           /* addresses that are tried */
#define DIAL_NEXT_S 0.25        /* "Connection Attempt Delay" */

struct dial_request {
	struct ev_loop    *loop;
	const struct flow *client;      /* borrowed to the end */
	bool               keep_port;   /* see source_connect() */
	double             timeout_s;   /* for all addresses */
	/* Asked once, when the destination has failed or been slow. */
	size_t           (*others)(void *arg, union addr out[], size_t max);
	/* Always from the loop. fd -1: for this reason. */
	void             (*done)(void *arg, int fd, enum close_reason);
	void              *arg;
};

/* NULL: no memory. */
struct dial *dial_open(const struct dial_request *, const union addr *to);
void dial_cancel(struct dial *);
