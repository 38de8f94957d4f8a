#include "config.h"

#include "wire/icmp_unreach.h"

#include "../test.h"

static const uint8_t ipv4[] = {
	0x45, 0x00, 0x00, 0x38, 0x00, 0x00, 0x40, 0x00, 0x40, 0x01, 0x4e, 0xb0,         /* ... ICMP */
	203, 0, 113, 7, 192, 0, 2, 2,
	0x03, 0x03, 0xa6, 0xd0, 0x00, 0x00, 0x00, 0x00,                                 /* port unreachable */
	0x45, 0x00, 0x00, 0x1c, 0x00, 0x00, 0x40, 0x00, 0x40, 0x11, 0x4e, 0xbc,         /* ... UDP */
	192, 0, 2, 2, 203, 0, 113, 7,
	0x9c, 0x40, 0x01, 0xbb, 0x00, 0x08, 0x00, 0x00                                  /* 40000 -> 443 */
};

static union addr
address(const char *text, uint16_t port)
{
	union addr a;

	assert_int_equal(addr_parse(text, port, &a), 0);
	return a;
}

/* The one's complement sum of everything that a checksum covers, with the checksum itself: 0xffff. */
static unsigned
sum(unsigned start, const uint8_t *data, size_t len)
{
	for (size_t i = 0; i < len; i += 2)
		start += (unsigned)(data[i] << 8 | data[i + 1]);
	while (start > 0xffff)
		start = (start & 0xffff) + (start >> 16);
	return start;
}

TEST(ipv4_packet_is_as_in_the_rfc)
{
	const union addr client = address("192.0.2.2", 40000), dst = address("203.0.113.7", 443);
	uint8_t out[ICMP_UNREACH_MAX], expected[sizeof(ipv4)];

	assert_int_equal(icmp_unreach_build(&client, &dst, out), sizeof(ipv4));
	assert_int_equal(sum(0, out, 20), 0xffff);
	assert_int_equal(sum(0, out + 20, 36), 0xffff);
	assert_int_equal(sum(0, out + 28, 20), 0xffff);
	assert_int_equal(sum(17 + 8, out + 28 + 12, 16), 0xffff);
	memcpy(expected, ipv4, sizeof(ipv4));
	for (size_t i = 0; i < sizeof(ipv4); i++)       /* sums are checked above */
		if (i == 10 || i == 11 || i == 22 || i == 23 || i == 38 || i == 39 || i >= 54)
			expected[i] = out[i];
	assert_memory_equal(out, expected, sizeof(ipv4));
}

TEST(ipv6_packet_is_as_in_the_rfc)
{
	const union addr client = address("2001:db8:1::2", 40000), dst = address("2001:db8:2::7", 443);
	uint8_t out[ICMP_UNREACH_MAX];
	size_t len;

	assert_int_equal(icmp_unreach_build(&client, &dst, out), ICMP_UNREACH_MAX);
	assert_memory_equal(out, "\x60\0\0\0\0\x38\x3a\x40", 8);
	assert_memory_equal(out + 8, addr_bytes(&dst, &len), 16);
	assert_memory_equal(out + 24, addr_bytes(&client, &len), 16);
	assert_memory_equal(out + icmp_unreach_offset(AF_INET6), "\1\4", 2);
	assert_memory_equal(out + 44, "\0\0\0\0", 4);
	assert_memory_equal(out + 48, "\x60\0\0\0\0\x08\x11\x40", 8);
	assert_memory_equal(out + 56, addr_bytes(&client, &len), 16);
	assert_memory_equal(out + 72, addr_bytes(&dst, &len), 16);
	assert_memory_equal(out + 88, "\x9c\x40\x01\xbb\0\x08", 6);
	assert_int_equal(sum(58 + 56, out + 8, 88), 0xffff);
	assert_int_equal(sum(17 + 8, out + 56, 40), 0xffff);
}

TEST(families_must_be_the_same)
{
	const union addr four = address("192.0.2.2", 1), six = address("2001:db8::1", 1);
	uint8_t out[ICMP_UNREACH_MAX];

	assert_int_equal(icmp_unreach_build(&four, &six, out), 0);
	assert_int_equal(icmp_unreach_build(&six, &four, out), 0);
	assert_int_equal(icmp_unreach_build(&addr_none, &addr_none, out), 0);
}

RUN_TESTS(NULL, NULL)
