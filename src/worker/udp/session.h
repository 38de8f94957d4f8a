/*
 * session.h - UDP sessions: the datagrams between one client address and port and one destination, from the first one
 *             to the flow record.
 *
 * A session is direct (direct.h), goes through a proxy (assoc.h) or is refused: then each datagram is answered with an
 * ICMP error. Its first datagrams are held until it is decided (flow_decide.h). A datagram whose destination is
 * unknown, or is one of our listeners, is dropped without an answer, because two services could answer each other for
 * ever.
 *
 * Answers have the destination as their source. Through a proxy the client also gets datagrams from addresses that it
 * has not sent to (full cone), except with pf's rdr, where answers cannot have any source.
 *
 * Owner:   the worker. A session keeps the policy that it began with; a refused one ends with it.
 * Bounds:  limits.udp_sessions, limits.per_client.
 * Sources: RFC 1928 section 7, RFC 4787 (what clients may expect).
 */
#pragma once

#include "base/flow.h"
#include "worker/record/worker_env.h"

struct sessions;

/* Needs a policy before the first listener. NULL: no memory. */
struct sessions *sessions_new(const struct worker_env *);
void sessions_free(struct sessions *);
/* Ends refused sessions, so that the new rules apply, and those whose made-up address may get another name. */
void sessions_policy_changed(struct sessions *);

/* Takes fd over, a bound socket to receive on. 0 or ENOMEM. */
int  sessions_listen(struct sessions *, int fd, const union addr *local);
/* Closes all listeners but those that keep() wants (NULL: all), and ends their sessions. */
void sessions_unlisten(struct sessions *, bool (*keep)(const void *arg, const union addr *local), const void *arg);

/* Takes a datagram that another listener, on fd flow->fd, has received; dst is not one of our listeners. */
void sessions_take(struct sessions *, const struct flow *, const union addr *dst, const uint8_t *msg, size_t len);
/* That listener is about to close fd: ends its sessions. */
void sessions_closing(struct sessions *, int fd);

/* Logs one line. */
void   sessions_summary(const struct sessions *);
