/*
 * datagrams.h - a queue of datagrams, first in, first out.
 *
 * Owner:   whoever holds the struct; all zero is an empty queue, datagrams_drop() frees its datagrams.
 * Bounds:  the caller's, for datagrams and bytes.
 */
#pragma once

#include "base/addr.h"

struct datagram {
	struct datagram *next;
	union addr       peer;          /* the caller fills in this and data */
	size_t           len;
	uint8_t          data[];
};

struct datagrams {
	struct datagram *first, *last;
	size_t           count, bytes;
};

/* Adds a datagram of len bytes, which the caller fills in. NULL: above one of the bounds, or out of memory. */
struct datagram *datagrams_add(struct datagrams *, size_t max, size_t max_bytes, size_t len);
/* Removes the first datagram; the caller frees it. NULL: the queue is empty. */
struct datagram *datagrams_take(struct datagrams *);
void datagrams_drop(struct datagrams *);
