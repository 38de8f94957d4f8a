#include "config.h"

#include "../test.h"

#include "base/hash.h"

static void
seed_with(uint8_t first)
{
	uint8_t seed[HASH_SEED_SIZE];

	for (uint8_t i = 0; i < sizeof(seed); i++)
		seed[i] = (uint8_t)(first + i);
	hash_seed(seed);
}

/* The low half of the published values for this key, on a little-endian host. */
TEST(hash_is_siphash_1_3)
{
	static const uint8_t bytes[] = { 0, 1, 2, 3, 4, 5, 6, 7, 8 };

	seed_with(0);
	assert_int_equal(hash_bytes(bytes, 0), 0x050fc4dc);
	assert_int_equal(hash_bytes(bytes, 1), 0x7d57ca93);
}

TEST(keys_that_collide_do_not_under_another_seed)
{
	unsigned first[512], same = 0;
	uint32_t n = 0;

	/* 512 keys that a table of 1,024 buckets puts into one */
	seed_with(1);
	for (size_t k = 0; k < 512; n++)
		if (hash_bytes(&n, sizeof(n)) % 1024 == 7)
			first[k++] = n;
	seed_with(2);
	for (size_t k = 0; k < 512; k++)
		same += hash_bytes(&first[k], sizeof(first[k])) % 1024 == 7;
	assert_in_range(same, 0, 16);
}

RUN_TESTS(NULL, NULL)
