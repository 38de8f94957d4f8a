#include "config.h"

#include "dns_cache.h"

#include <sys/queue.h>

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define HASH_NONFATAL_OOM 1
#define uthash_nonfatal_oom(elt) ((elt)->hh.tbl = NULL)
#include <uthash.h>

/* RD, AD and CD of the query's flags. */
#define KEY_FLAGS 0x0130

struct entry {
	UT_hash_handle hh;
	TAILQ_ENTRY(entry) by_use;      /* least recent first */
	double  stored;
	uint32_t ttl;
	struct dns_cache_key key;
	size_t  len;
	uint8_t msg[];
};

TAILQ_HEAD(entry_list, entry);

struct dns_cache {
	size_t            max;
	struct entry     *entries;
	struct entry_list uses;
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

	if (c == NULL)
		return NULL;
	c->max = max;
	TAILQ_INIT(&c->uses);
	return c;
}

static void
entry_remove(struct dns_cache *c, struct entry *e)
{
	HASH_DELETE(hh, c->entries, e);
	TAILQ_REMOVE(&c->uses, e, by_use);
	free(e);
}

void
dns_cache_clear(struct dns_cache *c, size_t max)
{
	while (!TAILQ_EMPTY(&c->uses))
		entry_remove(c, TAILQ_FIRST(&c->uses));
	c->max = max;
}

void
dns_cache_free(struct dns_cache *c)
{
	if (c == NULL)
		return;
	dns_cache_clear(c, 0);
	free(c);
}

size_t
dns_cache_count(const struct dns_cache *c)
{
	return HASH_CNT(hh, c->entries);
}

static struct entry *
entry_find(struct dns_cache *c, const struct dns_cache_key *key)
{
	struct entry *e;

	HASH_FIND(hh, c->entries, key->bytes, key->len, e);
	return e;
}

int
dns_cache_put(struct dns_cache *c, const struct dns_cache_key *key, const uint8_t *msg, size_t len,
    uint32_t ttl, double now)
{
	struct entry *e = entry_find(c, key);

	if (e != NULL)
		entry_remove(c, e);
	if (ttl == 0 || len > DNS_CACHE_MESSAGE_MAX || c->max == 0)
		return 0;
	if (HASH_CNT(hh, c->entries) >= c->max)
		entry_remove(c, TAILQ_FIRST(&c->uses));
	e = calloc(1, sizeof(*e) + len);
	if (e == NULL)
		return ENOMEM;
	e->key = *key;
	e->stored = now;
	e->ttl = ttl < DNS_CACHE_TTL_MAX ? ttl : DNS_CACHE_TTL_MAX;
	e->len = len;
	memcpy(e->msg, msg, len);
	HASH_ADD_KEYPTR(hh, c->entries, e->key.bytes, e->key.len, e);
	if (e->hh.tbl == NULL) {
		free(e);
		return ENOMEM;
	}
	TAILQ_INSERT_TAIL(&c->uses, e, by_use);
	return 0;
}

const uint8_t *
dns_cache_get(struct dns_cache *c, const struct dns_cache_key *key, double now, size_t *len, uint32_t *age)
{
	struct entry *e = entry_find(c, key);

	if (e == NULL)
		return NULL;
	/* a clock that was set back makes every age a guess */
	if (now < e->stored || now - e->stored >= e->ttl) {
		entry_remove(c, e);
		return NULL;
	}
	TAILQ_REMOVE(&c->uses, e, by_use);
	TAILQ_INSERT_TAIL(&c->uses, e, by_use);
	*len = e->len;
	*age = (uint32_t)(now - e->stored);
	return e->msg;
}
