/*
 * A third sniffed protocol that src does not know: this file has the sniffer, and stands in for wire/sniffers.c with its
 * row.
 */
#include "config.h"

#include "../test.h"

#include "wire/sniff.h"

/* "HELLO NAME\n" */
static enum sniff
hello_name(const uint8_t *data, size_t len, struct sniffed *name)
{
	static const char head[] = "HELLO ";
	const size_t start = sizeof(head) - 1, known = len < start ? len : start;
	const uint8_t *end = memchr(data, '\n', len);

	name->via = "hello";
	if (memcmp(data, head, known) != 0)
		return SNIFF_NONE;
	if (end == NULL)
		return SNIFF_MORE;
	snprintf(name->text, sizeof(name->text), "%.*s", (int)(end - data) - (int)start, (const char *)data + start);
	return SNIFF_FOUND;
}

sniffer tls_hello_name, http_host_name;
sniffer *const sniffers[] = { tls_hello_name, http_host_name, hello_name, NULL };

static enum sniff
sniff(const char *text, struct sniffed *name)
{
	return sniff_host((const uint8_t *)text, strlen(text), name);
}

TEST(name_of_a_third_protocol_is_found)
{
	struct sniffed name;

	assert_int_equal(sniff("HELLO A.Example.\nrest", &name), SNIFF_FOUND);
	assert_string_equal(name.text, "a.example");
	assert_string_equal(name.via, "hello");
	assert_false(name.outer);
}

TEST(third_protocol_is_awaited_until_its_name_is_whole)
{
	static const char text[] = "HELLO a.example\n";
	struct sniffed name;

	for (size_t n = 1; n < sizeof(text) - 1; n++)
		assert_int_equal(sniff_host((const uint8_t *)text, n, &name), SNIFF_MORE);
	assert_int_equal(sniff("HELLO 192.0.2.1\n", &name), SNIFF_NONE);
	assert_int_equal(sniff("EHLO a.example\n", &name), SNIFF_NONE);
}

TEST(other_protocols_keep_their_names)
{
	struct sniffed name;

	assert_int_equal(sniff("GET / HTTP/1.1\r\nHost: b.example\r\n\r\n", &name), SNIFF_FOUND);
	assert_string_equal(name.text, "b.example");
	assert_string_equal(name.via, "http");
}

RUN_TESTS(NULL, NULL)
