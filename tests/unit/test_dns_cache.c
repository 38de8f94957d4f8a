#include "config.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

#include "dns_build.h"
#include "dns_cache.h"

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

static void
put(struct dns_cache *c, const char *name, uint32_t ttl, double now)
{
	struct dns_cache_key key = key_for(name);

	assert_int_equal(dns_cache_put(c, &key, (const uint8_t *)name, strlen(name) + 1, ttl, now), 0);
}

/* The age of what is kept for name, or -1. */
static int
age_of(struct dns_cache *c, const char *name, double now)
{
	struct dns_cache_key key = key_for(name);
	uint32_t age;
	size_t len;
	const uint8_t *msg = dns_cache_get(c, &key, now, &len, &age);

	if (msg == NULL)
		return -1;
	assert_int_equal(len, strlen(name) + 1);
	assert_memory_equal(msg, name, len);
	return (int)age;
}

static void
answer_is_kept_for_its_ttl(void **state)
{
	struct dns_cache *c = dns_cache_new(10);

	(void)state;
	assert_int_equal(age_of(c, "a.example", 1000), -1);
	put(c, "a.example", 60, 1000);
	assert_int_equal(age_of(c, "a.example", 1000), 0);
	assert_int_equal(age_of(c, "a.example", 1059.9), 59);
	assert_int_equal(age_of(c, "a.example", 1060), -1);
	assert_int_equal(dns_cache_count(c), 0);
	dns_cache_free(c);
}

static void
later_answer_replaces_the_earlier(void **state)
{
	struct dns_cache *c = dns_cache_new(10);

	(void)state;
	put(c, "a.example", 60, 1000);
	put(c, "a.example", 60, 1050);
	assert_int_equal(age_of(c, "a.example", 1100), 50);
	assert_int_equal(dns_cache_count(c), 1);
	put(c, "a.example", 0, 1100);
	assert_int_equal(age_of(c, "a.example", 1100), -1);
	dns_cache_free(c);
}

static void
ttl_is_capped_and_a_clock_set_back_ends_it(void **state)
{
	struct dns_cache *c = dns_cache_new(10);

	(void)state;
	put(c, "a.example", INT32_MAX, 0);
	assert_int_equal(age_of(c, "a.example", DNS_CACHE_TTL_MAX), -1);
	put(c, "a.example", 60, 1000);
	assert_int_equal(age_of(c, "a.example", 999), -1);
	dns_cache_free(c);
}

static void
least_recently_used_goes_first(void **state)
{
	struct dns_cache *c = dns_cache_new(2);

	(void)state;
	put(c, "a.example", 60, 0);
	put(c, "b.example", 60, 0);
	assert_int_equal(age_of(c, "a.example", 1), 1);
	put(c, "c.example", 60, 0);
	assert_int_equal(dns_cache_count(c), 2);
	assert_int_equal(age_of(c, "a.example", 1), 1);
	assert_int_equal(age_of(c, "b.example", 1), -1);
	dns_cache_free(c);
}

static void
nothing_is_kept_when_off_large_or_cleared(void **state)
{
	struct dns_cache *c = dns_cache_new(0);
	struct dns_cache_key key = key_for("a.example");
	static const uint8_t large[DNS_CACHE_MESSAGE_MAX + 1];

	(void)state;
	put(c, "a.example", 60, 0);
	assert_int_equal(dns_cache_count(c), 0);
	dns_cache_clear(c, 2);
	assert_int_equal(dns_cache_put(c, &key, large, sizeof(large), 60, 0), 0);
	assert_int_equal(dns_cache_count(c), 0);
	put(c, "a.example", 60, 0);
	assert_int_equal(dns_cache_count(c), 1);
	dns_cache_clear(c, 2);
	assert_int_equal(age_of(c, "a.example", 0), -1);
	dns_cache_free(c);
}

static bool
keys_equal(const struct dns_query *a, const struct dns_query *b, const void *route_b, const union addr *server_b)
{
	struct dns_cache_key ka, kb;

	dns_cache_key_make(&ka, a, NULL, &addr_none);
	dns_cache_key_make(&kb, b, route_b, server_b);
	return ka.len == kb.len && memcmp(ka.bytes, kb.bytes, ka.len) == 0;
}

static void
key_depends_on_everything_that_an_answer_depends_on(void **state)
{
	struct dns_query q = query_for("a.example", DNS_A, 0x0100), other;
	union addr server;

	(void)state;
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

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(answer_is_kept_for_its_ttl),
		cmocka_unit_test(later_answer_replaces_the_earlier),
		cmocka_unit_test(ttl_is_capped_and_a_clock_set_back_ends_it),
		cmocka_unit_test(least_recently_used_goes_first),
		cmocka_unit_test(nothing_is_kept_when_off_large_or_cleared),
		cmocka_unit_test(key_depends_on_everything_that_an_answer_depends_on),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
