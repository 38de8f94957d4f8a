/* Queries as they are sent on, and what could be one. */
#include "config.h"

#include "../test.h"
#include "../dns_build.h"
#include "wire/dns_query.h"

static void
parse(const struct dns_build *b, struct dns_query *q)
{
	assert_int_equal(dns_query_parse(b->bytes, b->len, q), 0);
}

TEST(query_is_written_without_what_is_the_clients_own)
{
	static const uint8_t want[] = "\0\0\1\x30\0\1\0\0\0\0\0\1\3www\7example\0\0\1\0\1\0\0\x29\x04\xd0\0\0\x80\0\0";
	struct dns_build b;
	struct dns_query q;
	uint8_t out[DNS_QUERY_MAX];

	build_header(&b, 0x1234, 0x0170, 1, 0, 0, 2);   /* RD, Z, AD, CD */
	build_question(&b, "wWw.example", DNS_A);
	build_opt(&b, 65535, 0x8001, "\0\x0a\0\x08" "abcdefgh", 12);
	build_name(&b, "more.example");
	build_record(&b, 16, 0, "\0", 1);
	parse(&b, &q);
	assert_int_equal(dns_query_write(out, b.bytes, &q), sizeof(want));
	assert_memory_equal(out, want, sizeof(want));
}

TEST(query_without_edns_gets_none)
{
	struct dns_build b;
	struct dns_query q;
	uint8_t out[DNS_QUERY_MAX];

	build_query(&b, 0, "www.example", DNS_AAAA);
	parse(&b, &q);
	assert_int_equal(dns_query_write(out, b.bytes, &q), b.len);
	assert_memory_equal(out, b.bytes, b.len);
}

TEST(longest_query_fits)
{
	char name[254];
	struct dns_build b;
	struct dns_query q;
	uint8_t out[DNS_QUERY_MAX];

	memset(name, 'a', 253);
	name[63] = name[127] = name[191] = '.';
	name[253] = '\0';
	build_header(&b, 0, 0x0100, 1, 0, 0, 1);
	build_question(&b, name, DNS_A);
	build_opt(&b, 1232, 0, "", 0);
	parse(&b, &q);
	assert_int_equal(dns_query_write(out, b.bytes, &q), DNS_QUERY_MAX);
}

TEST(case_of_letters_is_random_and_nothing_else)
{
	uint8_t random[DNS_CASE_BYTES] = { 0xaa, 0xaa, 0xaa };
	struct dns_build b, before;
	struct dns_query q;

	build_query(&b, 0, "Az-@[`{0.\x80\xc1zZ", DNS_A);
	before = b;
	parse(&b, &q);
	dns_query_mix(b.bytes, &q.question, random);
	assert_memory_equal(b.bytes + 12, "\x08" "aZ-@[`{0\4\x80\xc1Zz", 14);
	assert_int_equal(b.len, before.len);
	assert_false(dns_query_spelled(before.bytes, b.bytes, &q.question));
	assert_true(dns_query_spelled(b.bytes, b.bytes, &q.question));
	memset(random, 0, sizeof(random));
	dns_query_mix(b.bytes, &q.question, random);
	assert_memory_equal(b.bytes + 12, "\x08" "AZ-@[`{0\4\x80\xc1ZZ", 14);
	assert_memory_equal(b.bytes + 26, before.bytes + 26, b.len - 26);
}

TEST(answer_has_the_opcode_of_its_query)
{
	static const uint8_t update[] = { 0, 0, 0x28, 0 };

	assert_true(dns_query_is_answered(update, (const uint8_t[]){ 0, 0, 0xa8, 5 }));
	assert_false(dns_query_is_answered(update, (const uint8_t[]){ 0, 0, 0x28, 0 }));
	assert_false(dns_query_is_answered(update, (const uint8_t[]){ 0, 0, 0x80, 0 }));
}

TEST(requests_begin_like_requests)
{
	static const struct { const char *header; bool request; } headers[] = {
		{ "\1\2\1\0\0\1\0\0\0\0\0\0", true },
		{ "\1\2\1\x20\0\1\0\0\0\0\0\1", true },
		{ "\1\2\x28\0\0\1\0\0\0\1\0\1", true },         /* UPDATE */
		{ "\1\2\x24\0\0\1\0\0\0\0\0\0", true },         /* NOTIFY */
		{ "\1\2\x10\0\0\0\0\0\0\0\0\0", true },         /* STATUS */
		{ "\1\2\x30\0\0\0\0\0\0\0\0\0", true },         /* DSO */
		{ "\1\2\x30\0\0\0\0\0\0\0\0\1", false },
		{ "\1\2\x81\x80\0\1\0\1\0\0\0\0", false },      /* an answer */
		{ "\1\2\1\2\0\1\0\0\0\0\0\0", false },          /* an rcode */
		{ "\1\2\1\0\0\2\0\0\0\0\0\0", false },
		{ "\1\2\x18\0\0\1\0\0\0\0\0\0", false },        /* opcode 3 */
		{ "T / HTTP/1.1", false },
		{ "H-2.0-client", false },
		{ "\1\2\0\1\0\1\xfc\3\3rnd", false },            /* TLS */
	};

	for (size_t i = 0; i < sizeof(headers) / sizeof(headers[0]); i++)
		assert_int_equal(dns_request_begins((const uint8_t *)headers[i].header), headers[i].request);
}

RUN_TESTS(NULL, NULL)
