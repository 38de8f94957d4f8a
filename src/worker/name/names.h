/*
 * names.h - host names learned from DNS answers, by address.
 *
 * One address may have many names (a CDN). A client gets the name that it looked up last, else the name that any client
 * looked up last.
 *
 * Owner:   the worker makes one with names_new() and frees it with names_free().
 * Units:   times are seconds on the loop's clock, passed in.
 * Errors:  int functions give 0 or an errno value; lookups give NULL for "unknown".
 * Bounds:  the number of entries given to names_new(), and NAMES_PER_ADDRESS; the oldest entry is dropped first.
 */
#ifndef PFI_NAMES_H
#define PFI_NAMES_H

#include "base/addr.h"

#define NAMES_PER_ADDRESS 256
#define NAMES_TTL_MIN_S   60
#define NAMES_GRACE_S     300

struct names;

struct names *names_new(size_t max_entries);
void names_free(struct names *);
void names_set_max(struct names *, size_t max_entries);
size_t names_count(const struct names *);

/* When a name from an answer with this TTL expires; programs may connect some time after the TTL. */
static inline double
names_expiry(double now, uint32_t ttl)
{
	return now + (ttl > NAMES_TTL_MIN_S ? ttl : NAMES_TTL_MIN_S) + NAMES_GRACE_S;
}

/* name: the name in the query (not the end of a CNAME chain), lower case. Ports are ignored. 0 or ENOMEM. */
int names_learn(struct names *, const union addr *client, const union addr *addr, const char *name, double expires);

/* NULL: unknown. Borrowed until the next names_learn() or names_free(). */
const char *names_lookup(struct names *, const union addr *client, const union addr *addr, double now);

/* Calls each() for every entry, also expired ones. */
void names_each(const struct names *, void (*each)(void *arg, const union addr *, const char *name, double expires),
    void *arg);

/* Have different names led to this address (a CDN)? Then the first bytes of a client are better evidence. */
bool names_is_shared(struct names *, const union addr *addr);

/* Has this name led to this address, for any client and at any time? */
bool names_has(struct names *, const union addr *addr, const char *name);

#endif
