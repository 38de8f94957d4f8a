/*
 * host_search.h - looks up a host of a flow, direct, by the resolvers of this host. The DNS forwarder does it, and
 *                 offers itself here to rooms that do not know it.
 *
 * Owner:   the finder is the forwarder's. A search is its caller's, and ends with found() or host_search_cancel().
 * Bounds:  timeouts.dns.
 */
#pragma once

#include "base/addr.h"
#include "base/flow.h"

struct host_search {
	const char *host;               /* borrowed until the end */
	int         family;             /* the address that is wanted first; one of the other family will do */
	/* Called once, from the loop. addr without port; addr_none: there is none. */
	void      (*found)(void *arg, const union addr *addr);
	void       *arg;
	void       *job;                /* the finder's; NULL: not begun, or ended */
};

struct host_finder {
	int  (*begin)(struct host_finder *, struct host_search *);
	void (*cancel)(struct host_search *);
};

/* 0: found() follows. ENOMEM. ENOTSUP: finder is NULL. */
static inline int
host_search_begin(struct host_finder *finder, struct host_search *s)
{
	return finder != NULL ? finder->begin(finder, s) : ENOTSUP;
}

static inline void
host_search_cancel(struct host_finder *finder, struct host_search *s)
{
	if (s->job != NULL)
		finder->cancel(s);
}
