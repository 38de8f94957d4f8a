/*
 * dns_cache.h - answers kept for their time to live.
 *
 * A key says everything that an answer depends on: the question, the flags that change it (RD, AD,
 * CD, DO, whether EDNS is spoken), and the way it came: an answer that a proxy's side gave is
 * never shown to a query that goes direct, and the other way round.
 *
 * Owner:   dns_cache_new() makes one, dns_cache_free() frees it.
 * Units:   seconds on the caller's clock, passed in.
 * Errors:  0 or ENOMEM.
 * Bounds:  the number of entries given; each at most DNS_CACHE_MESSAGE_MAX bytes and
 *          DNS_CACHE_TTL_MAX seconds. The least recently used goes first.
 */
#ifndef PFI_DNS_CACHE_H
#define PFI_DNS_CACHE_H

#include "dns_message.h"

#define DNS_CACHE_MESSAGE_MAX 4096
#define DNS_CACHE_TTL_MAX     86400
#define DNS_CACHE_KEY_MAX     (DNS_WIRE_MAX + 48)

struct dns_cache;

struct dns_cache_key {
	size_t  len;
	uint8_t bytes[DNS_CACHE_KEY_MAX];
};

/* route: stands for the list of proxies (compared as a pointer; clear the cache before it dies),
 * NULL: direct. server: the resolver asked; AF_UNSPEC: our own choice. */
void dns_cache_key_make(struct dns_cache_key *, const struct dns_query *, const void *route, const union addr *server);

/* max 0: nothing is ever kept. */
struct dns_cache *dns_cache_new(size_t max);
void   dns_cache_free(struct dns_cache *);
void   dns_cache_clear(struct dns_cache *, size_t max);
size_t dns_cache_count(const struct dns_cache *);

/* Keeps a copy for ttl seconds; 0 or a large message: not kept. */
int dns_cache_put(struct dns_cache *, const struct dns_cache_key *, const uint8_t *msg, size_t len, uint32_t ttl, double now);

/* NULL: not there or expired. *age: seconds since it was put. Borrowed: valid until the next call. */
const uint8_t *dns_cache_get(struct dns_cache *, const struct dns_cache_key *, double now, size_t *len, uint32_t *age);

#endif
