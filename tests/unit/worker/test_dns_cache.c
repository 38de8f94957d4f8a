#include "config.h"

#include "../test.h"
#include "../dns_build.h"
#include "wire/dns_content.h"
#include "worker/dns/dns_cache.h"

static struct dns_query
query_for(const char *name, unsigned type, unsigned flags)
{
	struct dns_build b;
	struct dns_query q;

	build_header(&b, 1, flags, 1, 0, 0, 0);
	build_question(&b, name, type);
	assert_int_equal(dns_query_parse(b.bytes, b.len, &q), 0);
	return q;
}

static struct dns_cache_key
key_for(const char *name)
{
	struct dns_query q = query_for(name, DNS_A, 0x0100);
	struct dns_cache_key key;

	dns_cache_key_make(&key, &q, NULL, &addr_none);
	return key;
}

/* Keeps an answer with one A record. */
static void
put(struct dns_cache *c, const char *name, uint32_t ttl, double now)
{
	struct dns_cache_key key = key_for(name);
	struct dns_query q = query_for(name, DNS_A, 0x0100);
	struct dns_answer a;
	struct dns_build b;

	build_header(&b, 1, 0x8180, 1, 1, 0, 0);
	build_question(&b, name, DNS_A);
	build16(&b, 0xc00c);
	build_record(&b, DNS_A, ttl, "\300\0\2\1", 4);
	assert_int_equal(dns_answer_parse(b.bytes, b.len, 1, &q.question, &a), 0);
	dns_cache_put(c, &key, b.bytes, &a, now);
}

static struct dns_cached cached;

static int
get(struct dns_cache *c, const char *name, double now, uint8_t *msg)
{
	struct dns_cache_key key = key_for(name);

	return dns_cache_get(c, &key, now, msg, &cached);
}

static void
ttl_cb(void *arg, const union addr *addr, uint32_t ttl)
{
	*(int *)arg = (int)ttl;
}

/* The TTL of what is kept for name, or -1. */
static int
left_of(struct dns_cache *c, const char *name, double now)
{
	uint8_t msg[DNS_CACHE_MESSAGE_MAX];
	int ttl = -1;

	if (get(c, name, now, msg) == 0)
		dns_answer_addresses(msg, cached.len, ttl_cb, &ttl);
	return ttl;
}

static struct dns_cache *
cache_new(size_t max, double stale_s)
{
	static struct dns_cache cache;

	dns_cache_clear(&cache, max, stale_s);
	return &cache;
}

TEST(answer_is_kept_for_its_ttl)
{
	struct dns_cache *c = cache_new(10, 0);

	assert_int_equal(left_of(c, "a.example", 1000), -1);
	put(c, "a.example", 60, 1000);
	assert_int_equal(left_of(c, "a.example", 1000), 60);
	assert_int_equal(left_of(c, "a.example", 1059.9), 1);
	assert_false(cached.stale);
	assert_int_equal(left_of(c, "a.example", 1060), -1);
	assert_null(c->entries);
	dns_cache_clear(c, 0, 0);
}

TEST(stale_answer_is_kept_for_longer_and_says_so)
{
	struct dns_cache *c = cache_new(10, 100);
	const struct dns_cache_key key = key_for("a.example");

	put(c, "a.example", 60, 1000);
	assert_int_equal(left_of(c, "a.example", 1060), DNS_STALE_TTL);
	assert_true(cached.stale && !cached.failed);
	dns_cache_failed(c, &key, 1060);
	assert_int_equal(left_of(c, "a.example", 1089), DNS_STALE_TTL);
	assert_true(cached.failed);
	assert_int_equal(left_of(c, "a.example", 1091), DNS_STALE_TTL);
	assert_false(cached.failed);
	assert_int_equal(left_of(c, "a.example", 1160), -1);
	dns_cache_clear(c, 0, 0);
}

TEST(popular_answer_is_worth_asking_again_near_its_end)
{
	struct dns_cache *c = cache_new(10, 100);

	put(c, "a.example", 100, 1000);
	put(c, "b.example", 100, 1000);
	for (int i = 0; i < DNS_POPULAR; i++)
		assert_int_equal(left_of(c, "a.example", 1000), 100);
	assert_int_equal(left_of(c, "a.example", 1089), 11);
	assert_false(cached.prefetch);
	assert_int_equal(left_of(c, "a.example", 1091), 9);
	assert_true(cached.prefetch);
	assert_int_equal(left_of(c, "b.example", 1091), 9);
	assert_false(cached.prefetch);
	dns_cache_clear(c, 0, 0);
}

TEST(later_answer_replaces_the_earlier)
{
	struct dns_cache *c = cache_new(10, 0);

	put(c, "a.example", 60, 1000);
	put(c, "a.example", 60, 1050);
	assert_int_equal(left_of(c, "a.example", 1100), 10);
	put(c, "a.example", 0, 1100);
	assert_null(c->entries);
	dns_cache_clear(c, 0, 0);
}

TEST(clock_set_back_ends_an_answer)
{
	struct dns_cache *c = cache_new(10, 100);

	put(c, "a.example", 60, 1000);
	assert_int_equal(left_of(c, "a.example", 999), -1);
	assert_null(c->entries);
	dns_cache_clear(c, 0, 0);
}

TEST(least_recently_used_goes_first)
{
	struct dns_cache *c = cache_new(2, 0);

	put(c, "a.example", 60, 0);
	put(c, "b.example", 60, 0);
	assert_int_equal(left_of(c, "a.example", 1), 59);
	put(c, "c.example", 60, 0);
	assert_int_equal(left_of(c, "c.example", 1), 59);
	assert_int_equal(left_of(c, "a.example", 1), 59);
	assert_int_equal(left_of(c, "b.example", 1), -1);
	dns_cache_clear(c, 0, 0);
}

TEST(nothing_is_kept_when_off_large_or_cleared)
{
	struct dns_cache *c = cache_new(0, 0);
	const struct dns_cache_key key = key_for("a.example");
	const struct dns_answer large = { .ttl = 60, .end = DNS_CACHE_MESSAGE_MAX + 1 };
	static const uint8_t bytes[DNS_CACHE_MESSAGE_MAX + 1];

	put(c, "a.example", 60, 0);
	assert_null(c->entries);
	dns_cache_clear(c, 2, 0);
	dns_cache_put(c, &key, bytes, &large, 0);
	assert_null(c->entries);
	put(c, "a.example", 60, 0);
	assert_non_null(c->entries);
	dns_cache_clear(c, 2, 0);
	assert_int_equal(left_of(c, "a.example", 0), -1);
	dns_cache_clear(c, 0, 0);
}

/* A server's options are for the one who asked. */
TEST(options_are_not_kept)
{
	struct dns_cache *c = cache_new(10, 0);
	const struct dns_cache_key key = key_for("a.example");
	struct dns_query q = query_for("a.example", DNS_A, 0x0100);
	uint8_t msg[DNS_CACHE_MESSAGE_MAX];
	struct dns_answer a;
	struct dns_build b;

	build_header(&b, 1, 0x8180, 1, 1, 0, 1);
	build_question(&b, "a.example", DNS_A);
	build16(&b, 0xc00c);
	build_record(&b, DNS_A, 60, "\300\0\2\1", 4);
	build_opt(&b, 1232, 0x8000, "\0\x0a\0\x08" "abcdefgh", 12);
	assert_int_equal(dns_answer_parse(b.bytes, b.len, 1, &q.question, &a), 0);
	dns_cache_put(c, &key, b.bytes, &a, 0);
	assert_int_equal(dns_cache_get(c, &key, 0, msg, &cached), 0);
	assert_int_equal(cached.len, b.len - 12);
	assert_memory_equal(msg, b.bytes, a.opt + 9);
	assert_int_equal(msg[a.opt + 9] << 8 | msg[a.opt + 10], 0);
	dns_cache_clear(c, 0, 0);
}

static bool
keys_equal(const struct dns_query *a, const struct dns_query *b, const void *route_b, const union addr *server_b)
{
	struct dns_cache_key ka, kb;

	dns_cache_key_make(&ka, a, NULL, &addr_none);
	dns_cache_key_make(&kb, b, route_b, server_b);
	return ka.len == kb.len && memcmp(ka.bytes, kb.bytes, ka.len) == 0;
}

TEST(key_depends_on_everything_that_an_answer_depends_on)
{
	struct dns_query q = query_for("a.example", DNS_A, 0x0100), other;
	union addr server;

	other = query_for("A.EXAMPLE", DNS_A, 0x0100);
	other.id = 77;
	assert_true(keys_equal(&q, &other, NULL, &addr_none));
	other = query_for("b.example", DNS_A, 0x0100);
	assert_false(keys_equal(&q, &other, NULL, &addr_none));
	other = query_for("a.example", DNS_AAAA, 0x0100);
	assert_false(keys_equal(&q, &other, NULL, &addr_none));
	for (unsigned flags = 0; flags <= 0x0130; flags += 0x10) {
		other = query_for("a.example", DNS_A, flags & 0x0130);
		assert_int_equal(keys_equal(&q, &other, NULL, &addr_none), (flags & 0x0130) == 0x0100);
	}
	other = q;
	other.edns = true;
	assert_false(keys_equal(&q, &other, NULL, &addr_none));
	other.edns = false, other.dnssec_ok = true;
	assert_false(keys_equal(&q, &other, NULL, &addr_none));
	assert_false(keys_equal(&q, &q, &q, &addr_none));
	assert_int_equal(addr_parse("192.0.2.1", 53, &server), 0);
	assert_false(keys_equal(&q, &q, NULL, &server));
}

RUN_TESTS(NULL, NULL)
