/*
 * resolve.h - what a proxy's host name means, asked of the system's own resolver without blocking.
 *
 * getaddrinfo(3) runs in a child process that has become the worker's user, so that its queries
 * are the daemon's own traffic and are never intercepted.
 *
 * Owner:   the helper; host is borrowed during the call only.
 * Bounds:  a child lives at most RESOLVE_SECONDS.
 */
#ifndef PFI_RESOLVE_H
#define PFI_RESOLVE_H

#include <sys/types.h>

#include "base/addr.h"

struct ev_loop;
struct resolve;

#define RESOLVE_SECONDS 10
#define RESOLVE_ADDRS   8       /* also of resolvers */

/* naddrs 0: the name is unknown, or nobody answered. Called once, from the loop. */
typedef void resolve_cb(void *arg, const union addr *addrs, size_t naddrs);

/* NULL: no memory, no process. */
struct resolve *resolve_start(struct ev_loop *, const char *host, uid_t uid, gid_t gid, resolve_cb *, void *arg);
void resolve_cancel(struct resolve *);

/* The resolvers of the system: the nameserver lines of a resolv.conf(5) text, with port 53 and scope. */
size_t resolvers_parse(const char *text, union addr *out, size_t max);
/* The same of /etc/resolv.conf. Where that names systemd-resolved on this host, the servers that it asks itself: its
 * answers would come to us once more. */
size_t resolvers_read(union addr *out, size_t max);
/* Reads them again into known[0..*n); true: they are others now. None at all, as in a file that is just being written:
 * what is known stays. */
bool   resolvers_follow(union addr *known, uint32_t *n, size_t max);

#endif
