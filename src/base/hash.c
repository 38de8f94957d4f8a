#include "config.h"

#include "base/hash.h"

static uint64_t seed[2];

static uint64_t
rotate(uint64_t x, unsigned n)
{
	return x << n | x >> (64 - n);
}

static void
sip_round(uint64_t v[4])
{
	v[0] += v[1];
	v[2] += v[3];
	v[1] = rotate(v[1], 13) ^ v[0];
	v[3] = rotate(v[3], 16) ^ v[2];
	v[0] = rotate(v[0], 32);
	v[2] += v[1];
	v[0] += v[3];
	v[1] = rotate(v[1], 17) ^ v[2];
	v[3] = rotate(v[3], 21) ^ v[0];
	v[2] = rotate(v[2], 32);
}

static void
sip_word(uint64_t v[4], uint64_t word)
{
	v[3] ^= word;
	sip_round(v);
	v[0] ^= word;
}

void
hash_seed(const uint8_t bytes[HASH_SEED_SIZE])
{
	memcpy(seed, bytes, sizeof(seed));
}

unsigned
hash_bytes(const void *bytes, size_t len)
{
	uint64_t v[4] = { seed[0] ^ 0x736f6d6570736575u, seed[1] ^ 0x646f72616e646f6du, seed[0] ^ 0x6c7967656e657261u,
		seed[1] ^ 0x7465646279746573u }, word;
	const uint8_t *at = bytes;
	size_t left;

	for (left = len; left >= sizeof(word); left -= sizeof(word), at += sizeof(word)) {
		memcpy(&word, at, sizeof(word));
		sip_word(v, word);
	}
	word = 0;
	memcpy(&word, at, left);
	sip_word(v, word ^ (uint64_t)len << 56);
	v[2] ^= 0xff;
	for (int i = 0; i < 3; i++)
		sip_round(v);
	return (unsigned)(v[0] ^ v[1] ^ v[2] ^ v[3]);
}
