/*
 * dns_cache.h - DNS answers, kept for their time to live, and longer for times when no resolver answers (RFC 8767).
 *
 * A key holds everything that an answer depends on: the question, the flags that change it (RD, AD, CD, DO, EDNS or
 * not) and the route. So an answer that came through a proxy is never given to a query that goes direct, and vice
 * versa.
 *
 * Owner:   the struct is the caller's; all zero is an empty cache that keeps nothing. dns_cache_clear() frees all
 * memory.
 * Units:   seconds on the caller's clock, passed in.
 * Bounds:  the number of entries given; DNS_CACHE_MESSAGE_MAX bytes each. The least recently used entry is dropped
 *          first.
 */
#pragma once

#include <sys/queue.h>

#include "wire/dns_message.h"

#define DNS_CACHE_MESSAGE_MAX 4096
#define DNS_CACHE_KEY_MAX     (DNS_WIRE_MAX + 48)
#define DNS_STALE_TTL         30        /* of every record in a stale answer: RFC 8767 section 5 */
#define DNS_STALE_RETRY_S     30.0      /* after a failure no resolver is asked for this long: the same section */
#define DNS_POPULAR           3         /* uses that make an entry worth asking for again before its end, */
#define DNS_PREFETCH_PART     0.1       /* ... in the last part of the time to live */

struct dns_cache {
	size_t            max;
	double            stale_s;
	struct dns_entry *entries;
	TAILQ_HEAD(, dns_entry) used;   /* least recently used first */
};

struct dns_cache_key {
	size_t  len;
	uint8_t bytes[DNS_CACHE_KEY_MAX];
};

/* An answer out of the cache, with its TTLs counted down. */
struct dns_cached {
	struct dns_answer answer;
	size_t len;
	bool   stale;           /* its time to live is over */
	bool   failed;          /* ... and asking for it again failed just now */
	bool   prefetch;        /* popular and near its end: worth asking for again */
};

/* route: the list of proxies, compared as a pointer (clear the cache before it is freed); NULL: direct. server: the
 * resolver; AF_UNSPEC: our own choice. */
void dns_cache_key_make(struct dns_cache_key *, const struct dns_query *, const void *route, const union addr *server);

/* max 0: keeps nothing. stale_s: how long entries are kept after their time to live. */
void dns_cache_clear(struct dns_cache *, size_t max, double stale_s);

/* Keeps a copy of a parsed answer with a question for answer->ttl seconds, without the options of its OPT record. Does
 * nothing with a ttl of 0, a message that is too large, or without memory. */
void dns_cache_put(struct dns_cache *, const struct dns_cache_key *, const uint8_t *msg, const struct dns_answer *,
    double now);
/* Notes that asking for it again has failed. */
void dns_cache_failed(struct dns_cache *, const struct dns_cache_key *, double now);

/* 0: msg, of DNS_CACHE_MESSAGE_MAX bytes, is filled; else ENOENT. */
int dns_cache_get(struct dns_cache *, const struct dns_cache_key *, double now, uint8_t *msg, struct dns_cached *);
