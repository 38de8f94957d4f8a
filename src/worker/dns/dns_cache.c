#include "config.h"

#include "worker/dns/dns_cache.h"

#define HASH_NONFATAL_OOM 1
#include "base/hash.h"

/* RD, AD and CD of the query's flags. */
#define KEY_FLAGS 0x0130

struct dns_entry {
	UT_hash_handle    hh;           /* dns_cache->entries */
	TAILQ_ENTRY(dns_entry) used;
	double            stored, failed_until;
	unsigned          uses;
	struct dns_answer answer;
	size_t            key_len;
	uint8_t           bytes[];      /* the message of answer.end bytes, then the key */
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

static void
entry_remove(struct dns_cache *c, struct dns_entry *e)
{
	HASH_DELETE(hh, c->entries, e);
	TAILQ_REMOVE(&c->used, e, used);
	free(e);
}

void
dns_cache_clear(struct dns_cache *c, size_t max, double stale_s)
{
	while (c->entries != NULL)
		entry_remove(c, c->entries);
	TAILQ_INIT(&c->used);
	c->max = max;
	c->stale_s = stale_s;
}

static struct dns_entry *
entry_find(struct dns_cache *c, const struct dns_cache_key *key)
{
	struct dns_entry *e;

	HASH_FIND(hh, c->entries, key->bytes, key->len, e);
	return e;
}

void
dns_cache_put(struct dns_cache *c, const struct dns_cache_key *key, const uint8_t *msg, const struct dns_answer *answer,
    double now)
{
	struct dns_entry *e = entry_find(c, key);

	if (e != NULL)
		entry_remove(c, e);
	if (answer->ttl == 0 || answer->end > DNS_CACHE_MESSAGE_MAX || c->max == 0)
		return;
	if (HASH_CNT(hh, c->entries) >= c->max)
		entry_remove(c, TAILQ_FIRST(&c->used));
	e = malloc(sizeof(*e) + answer->end + key->len);
	if (e == NULL)
		return;
	*e = (struct dns_entry){ .stored = now, .answer = *answer, .key_len = key->len };
	memcpy(e->bytes, msg, answer->end);
	e->answer.end = dns_answer_strip_options(e->bytes, &e->answer);
	memcpy(e->bytes + e->answer.end, key->bytes, key->len);
	if (e->answer.end != 0)
		HASH_ADD_KEYPTR(hh, c->entries, e->bytes + e->answer.end, e->key_len, e);
	if (e->answer.end == 0 || e->hh.tbl == NULL)
		free(e);
	else
		TAILQ_INSERT_TAIL(&c->used, e, used);
}

void
dns_cache_failed(struct dns_cache *c, const struct dns_cache_key *key, double now)
{
	struct dns_entry *e = entry_find(c, key);

	if (e != NULL)
		e->failed_until = now + DNS_STALE_RETRY_S;
}

int
dns_cache_get(struct dns_cache *c, const struct dns_cache_key *key, double now, uint8_t *msg, struct dns_cached *cached)
{
	struct dns_entry *e = entry_find(c, key);
	double age;

	if (e == NULL)
		return ENOENT;
	age = now - e->stored;
	/* if the clock was set back, the age is unknown */
	if (age < 0 || age >= e->answer.ttl + c->stale_s) {
		entry_remove(c, e);
		return ENOENT;
	}
	TAILQ_REMOVE(&c->used, e, used);
	TAILQ_INSERT_TAIL(&c->used, e, used);
	cached->answer = e->answer;
	cached->len = e->answer.end;
	cached->stale = age >= e->answer.ttl;
	cached->failed = now < e->failed_until;
	cached->prefetch = !cached->stale && ++e->uses > DNS_POPULAR && age >= e->answer.ttl * (1 - DNS_PREFETCH_PART);
	memcpy(msg, e->bytes, e->answer.end);
	if (cached->stale)
		dns_answer_age(msg, cached->len, 0, DNS_STALE_TTL, DNS_STALE_TTL);
	else
		dns_answer_age(msg, cached->len, (uint32_t)age, 0, INT32_MAX);
	return 0;
}
