/*
 * names.h - host names learned from DNS answers, by address.
 *
 * One address may stand for many names (a CDN): the name that this client asked for last
 * wins; a client that did not ask gets the name that anybody asked for last.
 *
 * Owner:   the worker makes one with names_new() and frees it with names_free().
 * Units:   times are seconds on the loop's clock, passed in; never read here.
 * Errors:  int functions give 0 or an errno value; lookups give NULL for "unknown".
 * Bounds:  at most the number of entries given to names_new(), and NAMES_PER_ADDRESS; the oldest goes first.
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

/* When a name learned now from an answer with this TTL expires: programs connect a while after the TTL has run out. */
static inline double
names_expiry(double now, uint32_t ttl)
{
	return now + (ttl > NAMES_TTL_MIN_S ? ttl : NAMES_TTL_MIN_S) + NAMES_GRACE_S;
}

/* name: the name that was asked (not the end of a CNAME chain), lower case. Ports are ignored. */
int names_learn(struct names *, const union addr *client, const union addr *addr,
    const char *name, double expires);

/* Borrowed: valid until the next names_learn() or names_free(). */
const char *names_lookup(struct names *, const union addr *client, const union addr *addr, double now);

/* Calls each() for all that is known, expired or not. */
void names_each(const struct names *, void (*each)(void *arg, const union addr *, const char *name, double expires),
    void *arg);

/* Several names have led to this address (a CDN): what the client itself says first knows better. */
bool names_is_shared(struct names *, const union addr *addr);

/* Has this name led to this address, for whomever and however long ago? */
bool names_has(struct names *, const union addr *addr, const char *name);

#endif
