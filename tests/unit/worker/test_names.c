#include "config.h"

#include "../test.h"

#include "worker/name/names.h"

static union addr
ip(const char *text)
{
	union addr a;

	assert_int_equal(addr_parse(text, 53, &a), 0);
	return a;
}

static void
learn(struct names *n, const char *client, const char *addr, const char *name, double expires)
{
	union addr c = ip(client), a = ip(addr);

	assert_int_equal(names_learn(n, &c, &a, name, expires), 0);
}

static const char *
lookup(struct names *n, const char *client, const char *addr, double now)
{
	union addr c = ip(client), a = ip(addr);

	addr_set_port(&a, 443);
	return names_lookup(n, &c, &a, now);
}

TEST(name_is_found_until_it_expires)
{
	struct names *n = names_new(10);

	assert_null(lookup(n, "10.0.0.1", "192.0.2.1", 0));
	learn(n, "10.0.0.1", "192.0.2.1", "a.example", 100);
	learn(n, "10.0.0.1", "2001:db8::1", "b.example", 100);
	assert_string_equal(lookup(n, "10.0.0.1", "192.0.2.1", 99), "a.example");
	assert_string_equal(lookup(n, "10.0.0.1", "2001:db8::1", 99), "b.example");
	assert_null(lookup(n, "10.0.0.1", "192.0.2.1", 100));
	assert_null(lookup(n, "10.0.0.1", "192.0.2.2", 0));
	names_free(n);
}

TEST(address_of_several_names_is_shared)
{
	struct names *n = names_new(10);
	union addr a = ip("192.0.2.1");

	assert_false(names_is_shared(n, &a));
	learn(n, "10.0.0.1", "192.0.2.1", "a.example", 100);
	learn(n, "10.0.0.2", "192.0.2.1", "a.example", 100);
	assert_false(names_is_shared(n, &a));
	learn(n, "10.0.0.1", "192.0.2.1", "b.example", 100);
	assert_true(names_is_shared(n, &a));
	learn(n, "10.0.0.1", "192.0.2.1", "a.example", 100);
	assert_true(names_is_shared(n, &a));
	names_free(n);
}

TEST(one_client_alone_makes_an_address_shared)
{
	struct names *n = names_new(10);
	union addr a = ip("192.0.2.1");

	learn(n, "10.0.0.1", "192.0.2.1", "a.example", 100);
	learn(n, "10.0.0.1", "192.0.2.1", "b.example", 100);
	assert_true(names_is_shared(n, &a));
	names_free(n);
}

TEST(latest_name_of_this_client_wins)
{
	struct names *n = names_new(10);

	learn(n, "10.0.0.1", "192.0.2.1", "old.example", 100);
	learn(n, "10.0.0.1", "192.0.2.1", "mine.example", 100);
	learn(n, "10.0.0.2", "192.0.2.1", "other.example", 100);
	assert_string_equal(lookup(n, "10.0.0.1", "192.0.2.1", 0), "mine.example");
	assert_string_equal(lookup(n, "10.0.0.2", "192.0.2.1", 0), "other.example");
	learn(n, "10.0.0.1", "192.0.2.1", "old.example", 50);
	assert_string_equal(lookup(n, "10.0.0.1", "192.0.2.1", 0), "old.example");
	assert_string_equal(lookup(n, "10.0.0.1", "192.0.2.1", 50), "mine.example");
	assert_int_equal(names_count(n), 3);
	names_free(n);
}

TEST(other_clients_get_the_latest_name_of_anybody)
{
	struct names *n = names_new(10);

	learn(n, "10.0.0.1", "192.0.2.1", "first.example", 200);
	learn(n, "10.0.0.2", "192.0.2.1", "second.example", 100);
	assert_string_equal(lookup(n, "10.0.0.3", "192.0.2.1", 0), "second.example");
	assert_string_equal(lookup(n, "10.0.0.3", "192.0.2.1", 150), "first.example");
	assert_string_equal(lookup(n, "10.0.0.2", "192.0.2.1", 150), "first.example");
	learn(n, "10.0.0.1", "192.0.2.1", "third.example", 200);
	assert_string_equal(lookup(n, "10.0.0.3", "192.0.2.1", 0), "third.example");
	names_free(n);
}

TEST(oldest_goes_first_at_the_bound)
{
	struct names *n = names_new(3);
	char addr[32];

	for (int i = 1; i <= 3; i++) {
		snprintf(addr, sizeof(addr), "192.0.2.%d", i);
		learn(n, "10.0.0.1", addr, "a.example", 100);
	}
	learn(n, "10.0.0.1", "192.0.2.1", "again.example", 100);
	learn(n, "10.0.0.1", "192.0.2.4", "a.example", 100);
	assert_int_equal(names_count(n), 3);
	assert_null(lookup(n, "10.0.0.1", "192.0.2.2", 0));
	assert_string_equal(lookup(n, "10.0.0.1", "192.0.2.1", 0), "again.example");
	names_set_max(n, 1);
	assert_int_equal(names_count(n), 1);
	assert_non_null(lookup(n, "10.0.0.1", "192.0.2.4", 0));
	names_set_max(n, 0);
	learn(n, "10.0.0.1", "192.0.2.1", "a.example", 100);
	assert_int_equal(names_count(n), 0);
	names_free(n);
}

TEST(many_names_stay_within_the_bound)
{
	struct names *n = names_new(100);
	char addr[32], client[32];

	for (int i = 0; i < 5000; i++) {
		snprintf(addr, sizeof(addr), "192.0.2.%d", i * 7 % 256);
		snprintf(client, sizeof(client), "10.0.0.%d", i * 13 % 50);
		learn(n, client, addr, "a.example", i);
		assert_true(names_count(n) <= 100);
	}
	names_free(n);
}

TEST(all_names_of_an_address_are_known_but_the_oldest)
{
	struct names *n = names_new(1000);
	union addr a = ip("192.0.2.1"), b = ip("192.0.2.2");
	char text[32];

	for (int i = 0; i <= NAMES_PER_ADDRESS; i++) {
		snprintf(text, sizeof(text), "%d.example", i);
		learn(n, "10.0.0.1", "192.0.2.1", text, 100);
	}
	assert_int_equal(names_count(n), NAMES_PER_ADDRESS);
	assert_false(names_has(n, &a, "0.example"));
	assert_true(names_has(n, &a, "1.example"));
	assert_true(names_has(n, &a, text));
	assert_false(names_has(n, &b, text));
	assert_string_equal(lookup(n, "10.0.0.1", "192.0.2.1", 0), text);
	names_free(n);
}

RUN_TESTS(NULL, NULL)
