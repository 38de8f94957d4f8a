/*
 * resolve.h - looks up the addresses of a proxy's host name without blocking, and reads the system's list of resolvers.
 *
 * getaddrinfo(3) runs in a child process as the worker's user, so that its queries are never intercepted.
 *
 * Owner:   a lookup frees itself after its callback; resolve_cancel() frees it before. host is borrowed during the
 *          call only.
 * Bounds:  RESOLVE_SECONDS for a lookup, RESOLVE_ADDRS addresses.
 */
#pragma once

#include <sys/types.h>

#include "base/addr.h"

struct ev_loop;
struct resolve;

#define RESOLVE_SECONDS 10
#define RESOLVE_ADDRS   8       /* of a name, and resolvers of the system */

/* naddrs 0: the name is unknown, or there was no answer. Called once, from the loop. */
typedef void resolve_cb(void *arg, const union addr *addrs, size_t naddrs);

/* NULL: no memory, or no process. */
struct resolve *resolve_start(struct ev_loop *, const char *host, uid_t uid, gid_t gid, resolve_cb *, void *arg);
void resolve_cancel(struct resolve *);

/* Parses the nameserver lines of a resolv.conf(5) text, with port 53 and scope. Returns the count. */
size_t resolvers_parse(const char *text, union addr *out, size_t max);
/* Reads the resolvers of this host again into known[0..*n). True: they have changed. An empty list, as from a file that
 * is being written, does not replace the known one. */
bool   resolvers_follow(union addr *known, uint32_t *n, size_t max);
