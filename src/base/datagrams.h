/*
 * datagrams.h - datagrams that wait until their way is known, in order.
 *
 * Owner:   whoever holds the struct; all zero is empty, datagrams_drop() frees what waits.
 */
#ifndef PFI_DATAGRAMS_H
#define PFI_DATAGRAMS_H

#include "base/addr.h"

struct datagram {
	struct datagram *next;
	union addr       peer;          /* the caller's, as data is */
	size_t           len;
	uint8_t          data[];
};

struct datagrams {
	struct datagram *first, *last;
	size_t           count, bytes;
};

/* Adds one of len bytes, which the caller fills in. NULL: there are max already, or max_bytes would be passed, or there
 * is no memory. */
struct datagram *datagrams_add(struct datagrams *, size_t max, size_t max_bytes, size_t len);
/* The first one leaves, and is the caller's to free. NULL: none is there. */
struct datagram *datagrams_take(struct datagrams *);
void datagrams_drop(struct datagrams *);

#endif
