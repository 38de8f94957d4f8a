/*
 * session.h - UDP: what passes between one client address and port and one destination, from the first datagram
 *             to the flow record.
 *
 * A session is direct (a connected socket of its own), goes through a proxy (an association that all sessions of
 * this client address and port share, as far as they may use the same proxies), or is refused: then every
 * datagram is answered by an ICMP error. Its first datagrams wait for what that decision needs (session_route.h).
 * A datagram whose destination is unknown, or one of our own listeners, is
 * dropped and never answered: two services would talk for ever.
 *
 * Answers come from the session's destination. Through a proxy the client also gets datagrams from addresses
 * that it has not sent to (full cone), where answers can have any source: not with pf's rdr.
 *
 * Owner:   the worker. A session keeps the policy that it began with; a refused one ends with it.
 * Bounds:  limits.udp_sessions, limits.per_client.
 * Sources: RFC 1928 section 7, RFC 4787 (what clients may expect).
 */
#ifndef PFI_SESSION_H
#define PFI_SESSION_H

#include "kernel/firewall.h"
#include "worker/name/fake_ip.h"
#include "worker/name/names.h"
#include "worker/record/account.h"
#include "worker/record/worker_env.h"
#include "worker/upstream/upstream.h"

struct sessions;

/* Needs a policy before the first listener. NULL: no memory. */
struct sessions *sessions_new(const struct worker_env *);
void sessions_free(struct sessions *);
/* Ends refused sessions, so that the new rules are asked, and those whose made-up address may get another name. */
void sessions_policy_changed(struct sessions *);

/* Receives on one more bound socket; taken over. 0 or ENOMEM. */
int  sessions_listen(struct sessions *, int fd, const union addr *local);
/* Closes the listeners whose address is not to be kept (keep NULL: all), and ends the sessions that came by them. */
void sessions_unlisten(struct sessions *, bool (*keep)(const void *arg, const union addr *local), const void *arg);

/* A line for the log. */
void   sessions_summary(const struct sessions *);

#endif
