#include "config.h"

#include "wire/socks5_udp.h"

#include "../test.h"

static union addr
address(const char *text, uint16_t port)
{
	union addr a;

	assert_int_equal(addr_parse(text, port, &a), 0);
	return a;
}

static void
assert_header(const char *host, const char *dst, uint16_t port, const char *bytes, size_t len)
{
	const union addr addr = address(dst, port);
	uint8_t out[SOCKS5_UDP_HEADER_MAX];

	assert_int_equal(socks5_udp_header(host, &addr, out), len);
	assert_memory_equal(out, bytes, len);
}
#define HEADER(host, dst, port, bytes) assert_header(host, dst, port, bytes, sizeof(bytes) - 1)

TEST(header_names_an_ipv4_address)
{
	HEADER(NULL, "192.0.2.1", 443, "\0\0\0\1\300\0\2\1\1\273");
}

TEST(header_names_an_ipv6_address)
{
	HEADER(NULL, "2001:db8::1", 53, "\0\0\0\4\x20\1\xd\xb8\0\0\0\0\0\0\0\0\0\0\0\1\0\65");
}

TEST(header_prefers_the_name)
{
	HEADER("a.example", "192.0.2.1", 443, "\0\0\0\3\11a.example\1\273");
	HEADER("a.example", "2001:db8::1", 443, "\0\0\0\3\11a.example\1\273");
}

TEST(header_has_room_for_the_longest_name_and_no_more)
{
	const union addr dst = address("192.0.2.1", 1);
	uint8_t out[SOCKS5_UDP_HEADER_MAX];
	char host[257];

	memset(host, 'x', sizeof(host));
	host[255] = '\0';
	assert_int_equal(socks5_udp_header(host, &dst, out), SOCKS5_UDP_HEADER_MAX);
	host[255] = 'x';
	host[256] = '\0';
	assert_int_equal(socks5_udp_header(host, &dst, out), 0);
	assert_int_equal(socks5_udp_header("", &dst, out), 0);
	assert_int_equal(socks5_udp_header(NULL, &addr_none, out), 0);
}

/* Parses a copy of the exact size, so that a sanitizer detects reads beyond it. */
static int
parse(const void *bytes, size_t len, struct socks5_udp *out, char payload[64])
{
	uint8_t *copy = test_malloc(len > 0 ? len : 1);
	int error;

	memcpy(copy, bytes, len);
	error = socks5_udp_parse(copy, len, out);
	if (error == 0) {
		assert_true(out->len < 64);
		assert_true(out->payload + out->len == copy + len);
		memcpy(payload, out->payload, out->len);
		payload[out->len] = '\0';
	}
	test_free(copy);
	return error;
}
#define PARSE(bytes) parse(bytes, sizeof(bytes) - 1, &got, payload)

TEST(ipv4_source_and_payload_are_read)
{
	const union addr from = address("192.0.2.1", 443);
	struct socks5_udp got;
	char payload[64];

	assert_int_equal(PARSE("\0\0\0\1\300\0\2\1\1\273hello"), 0);
	assert_true(addr_equal(&got.addr, &from));
	assert_int_equal(got.port, 443);
	assert_string_equal(got.host, "");
	assert_string_equal(payload, "hello");
}

TEST(ipv6_source_is_read_and_unmapped)
{
	const union addr from = address("2001:db8::1", 53), mapped = address("192.0.2.1", 53);
	struct socks5_udp got;
	char payload[64];

	assert_int_equal(PARSE("\0\0\0\4\x20\1\xd\xb8\0\0\0\0\0\0\0\0\0\0\0\1\0\65x"), 0);
	assert_true(addr_equal(&got.addr, &from));
	assert_int_equal(PARSE("\0\0\0\4\0\0\0\0\0\0\0\0\0\0\377\377\300\0\2\1\0\65x"), 0);
	assert_true(addr_equal(&got.addr, &mapped));
}

TEST(named_source_is_read)
{
	struct socks5_udp got;
	char payload[64];

	assert_int_equal(PARSE("\0\0\0\3\11a.example\1\273hi"), 0);
	assert_false(addr_is_set(&got.addr));
	assert_string_equal(got.host, "a.example");
	assert_int_equal(got.port, 443);
	assert_string_equal(payload, "hi");
}

TEST(payload_may_be_empty)
{
	struct socks5_udp got;
	char payload[64];

	assert_int_equal(PARSE("\0\0\0\1\300\0\2\1\1\273"), 0);
	assert_int_equal(got.len, 0);
}

TEST(fragment_is_told_from_nonsense)
{
	struct socks5_udp got;
	char payload[64];

	assert_int_equal(PARSE("\0\0\1\1\300\0\2\1\1\273hello"), EOPNOTSUPP);
	assert_int_equal(PARSE("\0\0\200\1\300\0\2\1\1\273hello"), EOPNOTSUPP);
	assert_int_equal(PARSE("\0\0\0\2\300\0\2\1\1\273hello"), EBADMSG);
	assert_int_equal(PARSE("\0\0\0\3\0\1\273hello"), EBADMSG);
}

TEST(every_cut_header_is_refused)
{
	static const char *const whole[] = { "\0\0\0\1\300\0\2\1\1\273",
		"\0\0\0\4\x20\1\xd\xb8\0\0\0\0\0\0\0\0\0\0\0\1\0\65", "\0\0\0\3\11a.example\1\273" };
	static const size_t sizes[] = { 10, 22, 16 };
	struct socks5_udp got;
	char payload[64];

	for (size_t i = 0; i < 3; i++) {
		for (size_t len = 0; len < sizes[i]; len++)
			assert_int_equal(parse(whole[i], len, &got, payload), EBADMSG);
		assert_int_equal(parse(whole[i], sizes[i], &got, payload), 0);
	}
}

RUN_TESTS(NULL, NULL)
