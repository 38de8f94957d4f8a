#include "config.h"

#include "../test.h"

#include "base/network_set.h"

static struct network
net(const char *text)
{
	struct network n;

	assert_int_equal(network_parse(text, &n), 0);
	return n;
}

static struct network_set
set_of(const char *const *texts)
{
	struct network_set set = { .count = 0 };

	for (; *texts != NULL; texts++) {
		const struct network n = net(*texts);

		assert_int_equal(network_set_add(&set, &n), 0);
	}
	network_set_close(&set);
	return set;
}

static bool
covers(const struct network_set *set, const char *text)
{
	const struct network n = net(text);

	return network_set_covers(set, &n);
}

TEST(a_set_covers_networks_within_it)
{
	static const char *const texts[] = { "192.0.2.0/24", "10.0.0.0/8", "2001:db8::/32", "192.0.2.7", "10.0.0.0/8",
		"10.0.0.0/16", "198.51.100.1", NULL };
	struct network_set set = set_of(texts);

	assert_int_equal(set.count, 4);
	assert_true(covers(&set, "10.255.255.255"));
	assert_true(covers(&set, "10.0.0.0/8"));
	assert_true(covers(&set, "10.9.0.0/16"));
	assert_true(covers(&set, "192.0.2.255"));
	assert_true(covers(&set, "198.51.100.1"));
	assert_true(covers(&set, "2001:db8:ffff::1"));
	assert_false(covers(&set, "8.0.0.0/6"));
	assert_false(covers(&set, "0.0.0.0/0"));
	assert_false(covers(&set, "11.0.0.0"));
	assert_false(covers(&set, "9.255.255.255"));
	assert_false(covers(&set, "198.51.100.2"));
	assert_false(covers(&set, "198.51.100.0/24"));
	assert_false(covers(&set, "2001:db9::"));
	assert_false(covers(&set, "a00::"));    /* begins with the bytes of 10.0.0.0 */
	network_set_free(&set);
	assert_false(covers(&set, "10.0.0.1"));
}

TEST(everything_of_one_family_covers_not_the_other)
{
	static const char *const texts[] = { "0.0.0.0/0", "10.0.0.0/8", NULL };
	struct network_set set = set_of(texts);

	assert_int_equal(set.count, 1);
	assert_true(covers(&set, "255.255.255.255"));
	assert_true(covers(&set, "0.0.0.0/0"));
	assert_false(covers(&set, "::/0"));
	network_set_free(&set);
}

/* For every order and nesting, the answer is that of a linear search. */
TEST(a_set_says_the_same_as_its_networks_one_by_one)
{
	struct network nets[200];

	srand(1);
	for (int round = 0; round < 50; round++) {
		struct network_set set = { .count = 0 };

		for (size_t i = 0; i < 200; i++) {
			nets[i] = (struct network){ .family = AF_INET, .prefix = (uint8_t)(rand() % 33) };
			for (size_t bit = 0; bit < nets[i].prefix; bit++)
				if (bit > 27 && rand() % 2)
					nets[i].bytes[bit / 8] |= (uint8_t)(0x80 >> bit % 8);
			if (nets[i].prefix > 20)
				assert_int_equal(network_set_add(&set, &nets[i]), 0);
		}
		network_set_close(&set);
		for (size_t i = 0; i < 200; i++) {
			union addr addr;
			bool want = false;

			addr_from_bytes(&addr, AF_INET, nets[i].bytes, 0);
			for (size_t k = 0; k < 200; k++)
				want |= nets[k].prefix > 20 && nets[k].prefix <= nets[i].prefix && network_contains(&nets[k], &addr);
			assert_int_equal(network_set_covers(&set, &nets[i]), want);
		}
		network_set_free(&set);
	}
}

RUN_TESTS(NULL, NULL)
