#include "config.h"

#include "../test.h"
#include "../dns_exact.h"

static void
assert_query(const struct dns_build *b, int expected)
{
	struct dns_query q;

	assert_int_equal(parse_query(b->bytes, b->len, &q), expected);
}

TEST(name_is_read_in_lower_case)
{
	struct dns_query q = query_for("WwW.KION.cloud", DNS_AAAA);
	char text[DNS_TEXT_MAX];

	dns_name_text(&q.question.name, text);
	assert_string_equal(text, "www.kion.cloud");
	assert_int_equal(q.question.type, DNS_AAAA);
	assert_int_equal(q.question.class, 1);
	assert_int_equal(q.udp_size, DNS_UDP_MIN);
	assert_false(q.edns);
}

TEST(root_and_unknown_types_are_queries)
{
	const unsigned types[] = { 0, 255, 65, 64000, 65535 };
	char text[DNS_TEXT_MAX];
	struct dns_query q;

	for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++) {
		q = query_for("", types[i]);
		assert_int_equal(q.question.type, types[i]);
		dns_name_text(&q.question.name, text);
		assert_string_equal(text, ".");
	}
}

TEST(odd_bytes_of_a_name_are_escaped)
{
	struct dns_build b;
	struct dns_query q;
	char text[DNS_TEXT_MAX];

	build_header(&b, 1, 0, 1, 0, 0, 0);
	build_bytes(&b, "\5a.b\n\xff\4kion\0\0\1\0\1", 16);
	assert_int_equal(parse_query(b.bytes, b.len, &q), 0);
	dns_name_text(&q.question.name, text);
	assert_string_equal(text, "a\\046b\\010\\255.kion");
}

/* A name of labels of 63 bytes and one of last bytes: 4 * 64 - 63 + last + 1 in all. */
static void
build_long_name(struct dns_build *b, size_t last, uint8_t c)
{
	uint8_t label[64];

	memset(label, c, sizeof(label));
	label[0] = 63;
	for (int i = 0; i < 3; i++)
		build_bytes(b, label, 64);
	label[0] = (uint8_t)last;
	build_bytes(b, label, last + 1);
	build_bytes(b, "\0\0\1\0\1", 5);
}

TEST(name_of_255_bytes_is_read_and_256_is_refused)
{
	struct dns_build b;
	struct dns_query q;
	char text[DNS_TEXT_MAX];

	build_header(&b, 1, 0, 1, 0, 0, 0);
	build_long_name(&b, 61, 'A');
	assert_int_equal(parse_query(b.bytes, b.len, &q), 0);
	assert_int_equal(q.question.name.len, 255);
	dns_name_text(&q.question.name, text);
	assert_int_equal(strlen(text), 253);
	build_header(&b, 1, 0, 1, 0, 0, 0);
	build_long_name(&b, 62, 'A');
	assert_query(&b, EINVAL);
}

TEST(longest_text_fits)
{
	struct dns_build b;
	struct dns_query q;
	char text[DNS_TEXT_MAX];

	build_header(&b, 1, 0, 1, 0, 0, 0);
	build_long_name(&b, 61, 0xff);
	assert_int_equal(parse_query(b.bytes, b.len, &q), 0);
	dns_name_text(&q.question.name, text);
	assert_int_equal(strlen(text), 250 * 4 + 3);
}

TEST(label_of_64_is_refused)
{
	struct dns_build b;

	for (unsigned c = 64; c < 0xc0; c += 0x40) {
		build_header(&b, 1, 0, 1, 0, 0, 0);
		memset(b.bytes + b.len, 'a', 200);
		b.bytes[b.len] = (uint8_t)c;
		b.len += 200;
		assert_query(&b, EINVAL);
	}
}

TEST(question_with_any_pointer_is_refused)
{
	/* to itself, forward, into the header, over the end, and only half there */
	static const char *const names[] = { "\xc0\x0c\0\1\0\1", "\xc0\x20\0\1\0\1", "\xc0\x04\0\1\0\1",
		"\xff\xff\0\1\0\1", "\1a\xc0\x0c" };
	struct dns_build b;

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		build_header(&b, 1, 0, 1, 0, 0, 0);
		build_bytes(&b, names[i], i == 4 ? 4 : 6);
		assert_query(&b, EINVAL);
	}
	build_header(&b, 1, 0, 1, 0, 0, 0);
	build_bytes(&b, "\xc0", 1);
	assert_query(&b, EINVAL);
}

TEST(message_that_is_no_query_is_dropped)
{
	struct dns_build b;

	build_query(&b, 1, "a.example", DNS_A);
	for (b.len = 0; b.len < DNS_HEADER_LEN; b.len++)
		assert_query(&b, EBADMSG);
	build_header(&b, 1, 0x8180, 1, 0, 0, 0);
	build_question(&b, "a.example", DNS_A);
	assert_query(&b, EBADMSG);
}

TEST(query_cut_at_any_byte_is_a_format_error)
{
	struct dns_build b;
	size_t whole;

	build_header(&b, 1, 0x0100, 1, 0, 0, 1);
	build_question(&b, "www.example.com", DNS_A);
	build_opt(&b, 1232, 0, "\0\x0a\0\1x", 5);
	whole = b.len;
	assert_query(&b, 0);
	for (b.len = DNS_HEADER_LEN; b.len < whole; b.len++)
		assert_query(&b, EINVAL);
}

TEST(other_opcodes_transfers_and_question_counts_are_refused)
{
	struct dns_build b;

	for (unsigned opcode = 1; opcode < 16; opcode++) {
		build_header(&b, 1, opcode << 11, 1, 0, 0, 0);
		build_question(&b, "a.example", DNS_A);
		assert_query(&b, EOPNOTSUPP);
	}
	build_query(&b, 1, "a.example", DNS_AXFR);
	assert_query(&b, EOPNOTSUPP);
	build_query(&b, 1, "a.example", DNS_IXFR);
	assert_query(&b, EOPNOTSUPP);
	build_header(&b, 1, 0, 0, 0, 0, 0);
	assert_query(&b, EINVAL);
	build_header(&b, 1, 0, 2, 0, 0, 0);
	build_question(&b, "a.example", DNS_A);
	build_question(&b, "b.example", DNS_A);
	assert_query(&b, EINVAL);
}

TEST(edns_gives_size_flag_and_options)
{
	struct dns_build b;
	struct dns_query q;

	build_header(&b, 1, 0x0100, 1, 0, 0, 1);
	build_question(&b, "a.example", DNS_A);
	build_opt(&b, 1232, 0x8000, "", 0);
	assert_int_equal(parse_query(b.bytes, b.len, &q), 0);
	assert_true(q.edns && q.dnssec_ok && !q.personal);
	assert_int_equal(q.udp_size, 1232);
	build_header(&b, 1, 0x0100, 1, 0, 0, 1);
	build_question(&b, "a.example", DNS_A);
	build_opt(&b, 100, 0, "\0\x08\0\4\0\1\0\0", 8);
	assert_int_equal(parse_query(b.bytes, b.len, &q), 0);
	assert_true(q.edns && !q.dnssec_ok && q.personal);
	assert_int_equal(q.udp_size, DNS_UDP_MIN);
}

TEST(first_cookie_alone_does_not_matter)
{
	static const char first[] = "\0\x0a\0\x08""12345678", both[] = "\0\x0a\0\x10""1234567812345678";
	struct dns_build b;
	struct dns_query q;

	build_header(&b, 1, 0x0100, 1, 0, 0, 1);
	build_question(&b, "a.example", DNS_A);
	build_opt(&b, 65535, 0, first, sizeof(first) - 1);
	assert_int_equal(parse_query(b.bytes, b.len, &q), 0);
	assert_false(q.personal);
	assert_int_equal(q.udp_size, DNS_UDP_MAX);
	build_header(&b, 1, 0x0100, 1, 0, 0, 1);
	build_question(&b, "a.example", DNS_A);
	build_opt(&b, 4096, 0, both, sizeof(both) - 1);
	assert_int_equal(parse_query(b.bytes, b.len, &q), 0);
	assert_true(q.personal);
}

TEST(two_opt_records_or_one_with_a_name_are_refused)
{
	struct dns_build b;

	build_header(&b, 1, 0x0100, 1, 0, 0, 2);
	build_question(&b, "a.example", DNS_A);
	build_opt(&b, 1232, 0, "", 0);
	build_opt(&b, 1232, 0, "", 0);
	assert_query(&b, EINVAL);
	build_header(&b, 1, 0x0100, 1, 0, 0, 1);
	build_question(&b, "a.example", DNS_A);
	build_name(&b, "x");
	build_record(&b, DNS_OPT, 0, "", 0);
	assert_query(&b, EINVAL);
}

TEST(error_repeats_question_and_edns)
{
	struct dns_build b;
	struct dns_query q;
	struct dns_answer a;
	uint8_t out[DNS_REPLY_MAX];
	size_t len;

	build_header(&b, 0x1234, 0x0110, 1, 0, 0, 1);
	build_question(&b, "WWW.example", DNS_A);
	build_opt(&b, 4096, 0x8000, "", 0);
	assert_int_equal(parse_query(b.bytes, b.len, &q), 0);
	len = dns_reply(out, b.bytes, &q, DNS_NXDOMAIN, NULL, 0, 0);
	assert_int_equal(parse_answer(out, len, 0x1234, &q, &a), 0);
	assert_memory_equal(out, "\x12\x34\x81\x93\0\1\0\0\0\0\0\1", 12);
	assert_memory_equal(out + 12, b.bytes + 12, q.question.end - 12);
	assert_memory_equal(out + a.opt, "\0\0\x29\4\xd0\0\0\x80\0\0\0", 11);
}

TEST(error_to_a_mere_header_is_a_header)
{
	struct dns_build b;
	struct dns_query q;
	uint8_t out[DNS_REPLY_MAX];

	build_header(&b, 0x1234, 0x2900, 1, 0, 0, 0);
	assert_int_equal(parse_query(b.bytes, b.len, &q), EOPNOTSUPP);
	assert_int_equal(dns_reply(out, b.bytes, &q, DNS_NOTIMP, NULL, 0, 0), DNS_HEADER_LEN);
	assert_memory_equal(out, "\x12\x34\xa9\x84\0\0\0\0\0\0\0\0", 12);
}

/* A record of the type asked for would be an OPT record with a name, which RFC 6891 section 6.1.2 forbids. */
TEST(question_for_opt_is_answered_without_records)
{
	static const uint8_t query[] = "\1\0\0\x0e\0\1\0\0\0\0\0\0\x09\0\0\0\xfa__\xff\xff\x06\0\0\x29\0\x0e";
	struct dns_query q;
	struct dns_answer a;
	uint8_t out[DNS_REPLY_MAX];
	size_t len;

	assert_int_equal(parse_query(query, sizeof(query), &q), 0);
	assert_int_equal(q.question.type, DNS_OPT);
	len = dns_reply(out, query, &q, DNS_NOERROR, NULL, 0, 0);
	assert_int_equal(parse_answer(out, len, q.id, &q, &a), 0);
	assert_int_equal(a.answers, 0);
	assert_int_equal(a.end, len);
}

TEST(longest_record_for_the_longest_query_fits)
{
	const uint8_t data[DNS_WIRE_MAX] = { 0 };
	struct dns_build b;
	struct dns_query q;
	uint8_t out[DNS_REPLY_MAX];

	build_header(&b, 1, 0x0100, 1, 0, 0, 1);
	build_long_name(&b, 61, 'a');
	build_opt(&b, 4096, 0, "", 0);
	assert_int_equal(parse_query(b.bytes, b.len, &q), 0);
	assert_int_equal(dns_reply(out, b.bytes, &q, DNS_NOERROR, data, sizeof(data), 60), DNS_REPLY_MAX);
}

RUN_TESTS(NULL, NULL)
