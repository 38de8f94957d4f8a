#include "config.h"

#include "../test.h"

#include "wire/sniffer.h"

sniffer http_host_name;

static enum sniff
sniff(const char *text, struct sniffed *name)
{
	return http_host_name((const uint8_t *)text, strlen(text), name);
}

static void
assert_host(const char *request, const char *expected)
{
	struct sniffed name;

	assert_int_equal(sniff(request, &name), SNIFF_FOUND);
	assert_string_equal(name.text, expected);
}

static void
assert_status(const char *request, enum sniff expected)
{
	struct sniffed name;

	assert_int_equal(sniff(request, &name), expected);
}

/* Every prefix asks for more; the last byte decides. */
static void
assert_decided_at_last_byte(const char *text, enum sniff expected)
{
	struct sniffed name;

	for (size_t n = 0; n < strlen(text); n++)
		assert_int_equal(http_host_name((const uint8_t *)text, n, &name), SNIFF_MORE);
	assert_int_equal(http_host_name((const uint8_t *)text, strlen(text), &name), expected);
}

TEST(request_of_curl_is_read_at_every_fragmentation)
{
	static const char request[] = "GET /x HTTP/1.1\r\nHost: a.kion.cloud:36897\r\n"
	    "User-Agent: curl/7.88.1\r\nAccept: */*\r\n\r\n";
	size_t decided = (size_t)(strstr(request, "User") - request);
	struct sniffed name;

	for (size_t n = 0; n <= strlen(request); n++) {
		enum sniff status = http_host_name((const uint8_t *)request, n, &name);

		assert_int_equal(status, n < decided ? SNIFF_MORE : SNIFF_FOUND);
		if (status == SNIFF_FOUND)
			assert_string_equal(name.text, "a.kion.cloud");
	}
}

TEST(host_field_is_found_whatever_its_case_place_and_blanks)
{
	assert_host("GET / HTTP/1.0\r\nhOsT:a.b\r\n\r\n", "a.b");
	assert_host("POST /p?q=a:b HTTP/1.1\r\nX: y\r\nHOST: \t a.b \t \r\n", "a.b");
	assert_host("GET / HTTP/1.1\nHost: a.b\n\n", "a.b");
	assert_host("M-SEARCH * HTTP/1.1\r\nHost: a.b:\r\n", "a.b");
	assert_host("GET / HTTP/1.1\r\nHost: one.b\r\nHost: two.b\r\n\r\n", "one.b");
}

TEST(fields_that_only_look_like_host_are_passed_over)
{
	assert_host("GET / HTTP/1.1\r\nX-Host: bad.b\r\nHost2: bad.b\r\nHost : bad.b\r\n"
	    " Host: bad.b\r\nHost: a.b\r\n", "a.b");
}

TEST(absolute_form_wins_over_the_field)
{
	assert_host("GET http://a.b/ HTTP/1.1\r\nHost: c.d\r\n\r\n", "a.b");
	assert_host("GET http://a.b:8080/x HTTP/1.1\r\n", "a.b");
	assert_host("GET HTTPS://user:secret@a.b?q@c.d HTTP/1.1\r\n", "a.b");
	assert_host("GET http://a.b HTTP/1.1\r\n", "a.b");
	assert_host("GET /http://c.d/ HTTP/1.1\r\nHost: a.b\r\n", "a.b");
	assert_decided_at_last_byte("GET http://a.b/ HTTP/1.1\r\n", SNIFF_FOUND);
}

TEST(connect_names_its_authority)
{
	assert_host("CONNECT a.b:443 HTTP/1.1\r\nHost: c.d:443\r\n\r\n", "a.b");
	assert_decided_at_last_byte("CONNECT a.b:443 HTTP/1.1\r\n", SNIFF_FOUND);
	assert_host("CONNECTED a.b:443 HTTP/1.1\r\nHost: c.d\r\n", "c.d");
}

TEST(only_absolute_form_and_connect_are_requests_to_a_proxy)
{
	static const struct { const char *request; bool proxy; } rows[] = {
		{ "GET http://a.b/ HTTP/1.1\r\nHost: a.b\r\n", true }, { "GET ws://a.b HTTP/1.1\r\n", true },
		{ "CONNECT a.b:443 HTTP/1.1\r\n", true }, { "CONNECT a.b HTTP/1.1\r\n", true },
		{ "GET / HTTP/1.1\r\nHost: a.b\r\n", false }, { "OPTIONS * HTTP/1.1\r\nHost: a.b\r\n", false },
		{ "GET /http://c.d/ HTTP/1.1\r\nHost: a.b\r\n", false },
		{ "CONNECTED a.b:443 HTTP/1.1\r\nHost: a.b\r\n", false },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct sniffed name = { .text = "" };

		assert_int_equal(sniff(rows[i].request, &name), SNIFF_FOUND);
		assert_string_equal(name.text, "a.b");
		if (name.proxy_request != rows[i].proxy)
			fail_msg("%s", rows[i].request);
	}
}

TEST(no_host_is_none_when_the_head_is_whole)
{
	assert_decided_at_last_byte("GET / HTTP/1.0\r\nAccept: */*\r\n\r\n", SNIFF_NONE);
	assert_status("GET / HTTP/1.1\r\nHost:\r\n", SNIFF_NONE);
	assert_status("GET / HTTP/1.1\r\nHost: :80\r\n", SNIFF_NONE);
}

TEST(ipv6_literals_bad_ports_and_long_names_are_none)
{
	char request[300] = "GET / HTTP/1.1\nHost: ";
	struct sniffed name;
	size_t at = strlen(request);

	assert_status("GET / HTTP/1.1\r\nHost: [2001:db8::1]:80\r\n", SNIFF_NONE);
	assert_status("GET / HTTP/1.1\r\nHost: 2001:db8::1\r\n", SNIFF_NONE);
	assert_status("GET http://[2001:db8::1]/ HTTP/1.1\r\nHost: a.b\r\n", SNIFF_NONE);
	assert_status("GET / HTTP/1.1\r\nHost: a.b:8x\r\n", SNIFF_NONE);
	memset(request + at, 'a', HOST_MAX);
	strcpy(request + at + HOST_MAX, "\n");
	assert_int_equal(sniff(request, &name), SNIFF_FOUND);
	assert_int_equal(strlen(name.text), HOST_MAX);
	strcpy(request + at + HOST_MAX, "a\n");
	assert_int_equal(sniff(request, &name), SNIFF_NONE);
}

TEST(first_byte_that_is_not_http_ends_it)
{
	static const char *const garbage[] = {
		"\x16", "\r", " ", "1", "-", "SSH-2", "GET\r", "GET  ", "GET /\x01", "GET /\r",
		"GET / h", "GET / HTTP/2", "GET / HTTP/1.x", "GET / HTTP/1.1 ", "GET / HTTP/1\n",
		"EHLO a.b\r", "PRI * HTTP/2", "GET / HTTP/1.1\r\r", "GET / HTTP/1.1\r\nHo\x01",
		"ABCDEFGHIJKLMNOPQRSTUVWXY",
	};

	for (size_t i = 0; i < sizeof(garbage) / sizeof(garbage[0]); i++)
		assert_decided_at_last_byte(garbage[i], SNIFF_NONE);
}

RUN_TESTS(NULL, NULL)
