/*
 * resolve.h - looks up the addresses of a proxy's host name without blocking.
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
#define RESOLVE_ADDRS   8       /* of a name */

/* naddrs 0: the name is unknown, or there was no answer. Called once, from the loop. */
typedef void resolve_cb(void *arg, const union addr *addrs, size_t naddrs);

/* NULL: no memory, or no process. */
struct resolve *resolve_start(struct ev_loop *, const char *host, uid_t uid, gid_t gid, resolve_cb *, void *arg);
void resolve_cancel(struct resolve *);
