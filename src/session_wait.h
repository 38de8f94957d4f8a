/*
 * session_wait.h - the first datagrams of a session whose way cannot be decided yet.
 *
 * A session is in SESSION_WAIT as long as s->awaits has a bit, for a name at most timeouts.hello, for an
 * owner at most OWNER_MS. Then it is decided by what
 * is known, and what waited is sent in order.
 *
 * Bounds:  SESSION_WAIT_COUNT datagrams a session, SESSION_WAIT_BYTES together; SESSION_WAIT_ALL_BYTES for all.
 */
#ifndef PFI_SESSION_WAIT_H
#define PFI_SESSION_WAIT_H

#include "session_route.h"

#define SESSION_WAIT_COUNT     16
#define SESSION_WAIT_BYTES     65536
#define SESSION_WAIT_ALL_BYTES (4U << 20)

struct session_held {
	STAILQ_ENTRY(session_held) next;
	size_t  len;
	uint8_t data[];
};

/* Copies a datagram. 0; ENOBUFS: a bound is reached; ENOMEM. */
int  session_wait_add(struct session *, const uint8_t *msg, size_t len);
/* Sends what waits, where the session is on a way and as far as it takes it, and forgets it. It may be gone after
 * this. */
void session_wait_flush(struct session *);

#endif
