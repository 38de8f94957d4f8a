#include "config.h"

#include "../test.h"

#include "wire/sniff.h"

static enum sniff
sniff_field(const char *value, struct sniffed *name)
{
	char request[1024];
	int len = snprintf(request, sizeof(request), "GET / HTTP/1.1\r\nHost: %s\r\n\r\n", value);
	enum sniff status = sniff_host((const uint8_t *)request, (size_t)len, name);

	if (status == SNIFF_FOUND)
		assert_string_equal(name->via, "http");
	return status;
}

static void
assert_name(const char *value, const char *expected)
{
	struct sniffed name;

	assert_int_equal(sniff_field(value, &name), SNIFF_FOUND);
	assert_string_equal(name.text, expected);
}

static void
assert_no_name(const char *value)
{
	struct sniffed name;

	assert_int_equal(sniff_field(value, &name), SNIFF_NONE);
}

TEST(name_is_lower_case_without_final_dot)
{
	assert_name("WWW.Kion.Cloud", "www.kion.cloud");
	assert_name("www.kion.cloud.:8080", "www.kion.cloud");
	assert_name("intranet", "intranet");
	assert_name("1.example1", "1.example1");
	assert_name("My-Blog-.kion.cloud", "my-blog-.kion.cloud");
	assert_name("a.-b_.kion.cloud:8080", "a.-b_.kion.cloud");
	assert_name("0xg.0xg", "0xg.0xg");
}

TEST(numeric_addresses_are_no_names)
{
	assert_no_name("192.0.2.1");
	assert_no_name("192.0.2.1.");
	assert_no_name("192.0.2.1:80");
	assert_no_name("127.1");
	assert_no_name("2130706433");
	assert_no_name("0x7F000001");
	assert_no_name("[2001:db8::1]");
}

TEST(what_is_no_host_name_is_none)
{
	assert_no_name("a..b");
	assert_no_name("a.b..");
	assert_no_name(".");
	assert_no_name("a b");
	assert_no_name("caf\xc3\xa9.example");
	assert_no_name("a/b");
}

TEST(hello_is_named_by_sni)
{
	static const uint8_t hello[] = {
		22, 3, 1, 0, 63, 1, 0, 0, 59, 3, 3,
		0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,
		0, 0, 2, 0x13, 1, 1, 0, 0, 16, 0, 0, 0, 12, 0, 10, 0, 0, 7, 'A', '.', 'C', 'l', 'o', 'u', 'd'
	};
	struct sniffed name;

	for (size_t n = 0; n < sizeof(hello); n++)
		assert_int_equal(sniff_host(hello, n, &name), SNIFF_MORE);
	assert_int_equal(sniff_host(hello, sizeof(hello), &name), SNIFF_FOUND);
	assert_string_equal(name.text, "a.cloud");
	assert_string_equal(name.via, "sni");
}

TEST(unknown_protocols_are_none_at_their_first_bytes)
{
	struct sniffed name;

	assert_int_equal(sniff_host((const uint8_t *)"\0", 1, &name), SNIFF_NONE);
	assert_int_equal(sniff_host((const uint8_t *)"SSH-2.0-x", 9, &name), SNIFF_NONE);
	assert_int_equal(sniff_host(NULL, 0, &name), SNIFF_MORE);
}

TEST(more_is_never_asked_for_at_the_bound)
{
	uint8_t *data = malloc(SNIFF_MAX + 1);
	struct sniffed name;

	assert_non_null(data);
	memset(data, 'a', SNIFF_MAX + 1);
	memcpy(data, "GET /", 5);
	assert_int_equal(sniff_host(data, SNIFF_MAX - 1, &name), SNIFF_MORE);
	assert_int_equal(sniff_host(data, SNIFF_MAX, &name), SNIFF_NONE);
	assert_int_equal(sniff_host(data, SNIFF_MAX + 1, &name), SNIFF_NONE);
	free(data);
}

RUN_TESTS(NULL, NULL)
