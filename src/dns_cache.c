#include "config.h"

#include "dns_cache.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define HASH_NONFATAL_OOM 1
#define uthash_nonfatal_oom(elt) ((elt)->hh.tbl = NULL)
#include <uthash.h>

/* RD, AD and CD of the query's flags. */
#define KEY_FLAGS 0x0130

struct entry {
	UT_hash_handle hh;      /* dns_cache->entries, the least recently used first */
	double  stored;
	uint32_t ttl;
	struct dns_cache_key key;
	size_t  len;
	uint8_t msg[];
};

struct dns_cache {
	size_t        max;
	struct entry *entries;
};

static void
key_add(struct dns_cache_key *key, const void *bytes, size_t n)
{
	memcpy(key->bytes + key->len, bytes, n);
	key->len += n;
}

void
dns_cache_key_make(struct dns_cache_key *key, const struct dns_query *q, const void *route, const union addr *server)
{
	const uint16_t words[] = { q->flags & KEY_FLAGS, q->question.type, q->question.class,
		(uint16_t)(q->edns << 1 | q->dnssec_ok), server->sa.sa_family, addr_port(server) };
	size_t len;
	const uint8_t *ip = addr_bytes(server, &len);

	key->len = 0;
	key_add(key, words, sizeof(words));
	key_add(key, &route, sizeof(route));
	key_add(key, ip, len);
	key_add(key, q->question.name.wire, q->question.name.len);
}

struct dns_cache *
dns_cache_new(size_t max)
{
	struct dns_cache *c = calloc(1, sizeof(*c));

	if (c != NULL)
		c->max = max;
	return c;
}

static void
entry_remove(struct dns_cache *c, struct entry *e)
{
	HASH_DELETE(hh, c->entries, e);
	free(e);
}

/* The entry is the most recently used then; freed when there is no memory. */
static int
entry_add(struct dns_cache *c, struct entry *e)
{
	HASH_ADD_KEYPTR(hh, c->entries, e->key.bytes, e->key.len, e);
	if (e->hh.tbl != NULL)
		return 0;
	free(e);
	return ENOMEM;
}

void
dns_cache_clear(struct dns_cache *c, size_t max)
{
	while (c->entries != NULL)
		entry_remove(c, c->entries);
	c->max = max;
}

void
dns_cache_free(struct dns_cache *c)
{
	if (c != NULL)
		dns_cache_clear(c, 0);
	free(c);
}

size_t
dns_cache_count(const struct dns_cache *c)
{
	return HASH_CNT(hh, c->entries);
}

int
dns_cache_put(struct dns_cache *c, const struct dns_cache_key *key, const uint8_t *msg, size_t len, uint32_t ttl, double now)
{
	struct entry *e;

	HASH_FIND(hh, c->entries, key->bytes, key->len, e);
	if (e != NULL)
		entry_remove(c, e);
	if (ttl == 0 || len > DNS_CACHE_MESSAGE_MAX || c->max == 0)
		return 0;
	if (HASH_CNT(hh, c->entries) >= c->max)
		entry_remove(c, c->entries);
	e = calloc(1, sizeof(*e) + len);
	if (e == NULL)
		return ENOMEM;
	e->key = *key;
	e->stored = now;
	e->ttl = ttl < DNS_CACHE_TTL_MAX ? ttl : DNS_CACHE_TTL_MAX;
	e->len = len;
	memcpy(e->msg, msg, len);
	return entry_add(c, e);
}

const uint8_t *
dns_cache_get(struct dns_cache *c, const struct dns_cache_key *key, double now, size_t *len, uint32_t *age)
{
	struct entry *e;

	HASH_FIND(hh, c->entries, key->bytes, key->len, e);
	if (e == NULL)
		return NULL;
	/* a clock that was set back makes every age a guess */
	if (now < e->stored || now - e->stored >= e->ttl) {
		entry_remove(c, e);
		return NULL;
	}
	HASH_DELETE(hh, c->entries, e);
	if (entry_add(c, e) != 0)
		return NULL;
	*len = e->len;
	*age = (uint32_t)(now - e->stored);
	return e->msg;
}
