/*
 * dns_cache.h - answers kept for their time to live, and beyond it for when nobody answers (RFC 8767).
 *
 * A key says everything that an answer depends on: the question, the flags that change it (RD, AD,
 * CD, DO, whether EDNS is spoken), and the way it came: an answer that a proxy's side gave is
 * never shown to a query that goes direct, and the other way round.
 *
 * Owner:   whoever holds the struct; all zero keeps nothing, and dns_cache_clear() gives all memory back.
 * Units:   seconds on the caller's clock, passed in.
 * Bounds:  the number of entries given; each at most DNS_CACHE_MESSAGE_MAX bytes. The least recently
 *          used goes first.
 */
#ifndef PFI_DNS_CACHE_H
#define PFI_DNS_CACHE_H

#include <sys/queue.h>

#include "wire/dns_message.h"

#define DNS_CACHE_MESSAGE_MAX 4096
#define DNS_CACHE_KEY_MAX     (DNS_WIRE_MAX + 48)
#define DNS_STALE_TTL         30        /* of every record in a stale answer, and ... */
#define DNS_STALE_RETRY_S     30.0      /* ... how long nobody is asked again after a failure: RFC 8767 section 5 */
#define DNS_POPULAR           3         /* answers given, until it is worth asking again before the end, */
#define DNS_PREFETCH_PART     0.1       /* ... in the last part of the time to live */

struct dns_cache {
	size_t            max;
	double            stale_s;
	struct dns_entry *entries;
	TAILQ_HEAD(, dns_entry) used;   /* the least recently used first */
};

struct dns_cache_key {
	size_t  len;
	uint8_t bytes[DNS_CACHE_KEY_MAX];
};

/* What is kept; its TTLs have been counted down. */
struct dns_cached {
	struct dns_answer answer;
	size_t len;
	bool   stale;           /* its time is over */
	bool   failed;          /* ... and asking again has failed just now */
	bool   prefetch;        /* popular and near its end: worth asking again */
};

/* route: stands for the list of proxies (compared as a pointer; clear the cache before it dies), NULL: direct. server: the resolver asked; AF_UNSPEC: our own choice. */
void dns_cache_key_make(struct dns_cache_key *, const struct dns_query *, const void *route, const union addr *server);

/* max 0: nothing is ever kept. stale_s: kept so long after the end of the time to live. */
void dns_cache_clear(struct dns_cache *, size_t max, double stale_s);

/* Keeps a copy for answer->ttl seconds (not with 0, of a large message, or without memory) of a parsed answer with a question. The options of
 * its OPT record are left out. */
void dns_cache_put(struct dns_cache *, const struct dns_cache_key *, const uint8_t *msg, const struct dns_answer *, double now);
/* Asking for it again has failed. */
void dns_cache_failed(struct dns_cache *, const struct dns_cache_key *, double now);

/* 0: msg (room for DNS_CACHE_MESSAGE_MAX bytes) is filled; ENOENT. */
int dns_cache_get(struct dns_cache *, const struct dns_cache_key *, double now, uint8_t *msg, struct dns_cached *);

#endif
