#include "config.h"

#include "../test.h"
#include "../dns_exact.h"

#include "wire/dns_content.h"

#define POINTER_TO_QUESTION "\xc0\x0c"

static void
assert_answer(const struct dns_build *b, const struct dns_query *q, int expected)
{
	struct dns_answer a;

	assert_int_equal(parse_answer(b->bytes, b->len, 1, q, &a), expected);
}

/* www.example.com: a CNAME, the A record of its target, an OPT. */
static void
build_chain(struct dns_build *b)
{
	build_header(b, 1, 0x8180, 1, 2, 0, 1);
	build_question(b, "www.example.com", DNS_A);
	build_bytes(b, POINTER_TO_QUESTION, 2);
	build_record(b, 5, 300, "\3cdn\xc0\x10", 6);
	build_bytes(b, "\xc0\x2d", 2);
	build_record(b, DNS_A, 60, "\xc0\0\2\1", 4);
	build_opt(b, 1232, 0, "\0\x0f\0\2\0\1", 6);
}

TEST(answer_gives_smallest_ttl_and_places)
{
	struct dns_query q = query_for("www.example.com", DNS_A);
	struct dns_answer a;
	struct dns_build b;

	build_chain(&b);
	assert_int_equal(parse_answer(b.bytes, b.len, 1, &q, &a), 0);
	assert_int_equal(a.rcode, DNS_NOERROR);
	assert_true(a.has_question && !a.truncated);
	assert_int_equal(a.answers, 2);
	assert_int_equal(a.ttl, 60);
	assert_int_equal(a.end, b.len);
	assert_int_equal(a.opt, b.len - 17);
}

TEST(answer_cut_at_any_byte_is_refused)
{
	struct dns_query q = query_for("www.example.com", DNS_A);
	struct dns_build b;
	size_t whole;

	build_chain(&b);
	whole = b.len;
	for (b.len = 0; b.len < whole; b.len++)
		assert_answer(&b, &q, EBADMSG);
}

TEST(answer_to_something_else_is_refused)
{
	struct dns_query q = query_for("www.example.com", DNS_A);
	struct dns_query other_name = query_for("www.example.net", DNS_A);
	struct dns_query shorter = query_for("example.com", DNS_A);
	struct dns_query other_type = query_for("www.example.com", DNS_AAAA);
	struct dns_answer a;
	struct dns_build b;

	build_chain(&b);
	assert_int_equal(parse_answer(b.bytes, b.len, 2, &q, &a), EBADMSG);
	assert_answer(&b, &other_name, EBADMSG);
	assert_answer(&b, &shorter, EBADMSG);
	assert_answer(&b, &other_type, EBADMSG);
	b.bytes[2] = 0x01; /* QR cleared */
	assert_answer(&b, &q, EBADMSG);
	b.bytes[2] = 0xa1; /* an answer to a NOTIFY */
	assert_answer(&b, &q, EBADMSG);
}

TEST(answer_in_other_case_is_accepted_and_echoed_as_asked)
{
	struct dns_query asked;
	struct dns_answer a;
	struct dns_build query, b;

	build_query(&query, 7, "wWw.ExAmple.COM", DNS_A);
	assert_int_equal(parse_query(query.bytes, query.len, &asked), 0);
	build_chain(&b);
	assert_int_equal(parse_answer(b.bytes, b.len, 1, &asked, &a), 0);
	dns_answer_echo(b.bytes, query.bytes, &asked);
	assert_memory_equal(b.bytes + DNS_HEADER_LEN, query.bytes + DNS_HEADER_LEN, query.len - DNS_HEADER_LEN);
	assert_memory_equal(b.bytes, "\0\7", 2);
}

TEST(compression_loops_and_forward_pointers_are_refused)
{
	/* to itself (offset 33), forward, to a label that ends here, to an earlier label that leads here */
	static const char *const names[] = { "\xc0\x21", "\xc0\x40", "\1a\xc0\x21", "\1a\xc0\x23", "\xff\xff", "\xc0\x0b" };
	static const size_t lengths[] = { 2, 2, 4, 4, 2, 2 };
	struct dns_query q = query_for("www.example.com", DNS_A);
	struct dns_build b;

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		build_header(&b, 1, 0x8180, 1, 1, 0, 0);
		build_question(&b, "www.example.com", DNS_A);
		assert_int_equal(b.len, 33);
		build_bytes(&b, names[i], lengths[i]);
		build_record(&b, DNS_A, 60, "\xc0\0\2\1", 4);
		assert_answer(&b, &q, EBADMSG);
	}
}

TEST(forward_pointer_to_a_good_name_is_refused)
{
	const unsigned data = 33 + 12, question = 12;
	struct dns_query q = query_for("www.example.com", DNS_A);
	struct dns_build b;

	build_header(&b, 1, 0x8180, 1, 1, 0, 0);
	build_question(&b, "www.example.com", DNS_A);
	build16(&b, 0xc000 | data);
	build_record(&b, 99, 60, "\1a", 3);
	assert_answer(&b, &q, EBADMSG);
	b.bytes[34] = question;
	assert_answer(&b, &q, 0);
}

/* 200 pointers, each to the one before it: not a loop, but too many. */
TEST(long_chain_of_pointers_is_refused)
{
	struct dns_query q = query_for("www.example.com", DNS_A);
	struct dns_build b;
	size_t data;

	build_header(&b, 1, 0x8180, 1, 2, 0, 0);
	build_question(&b, "www.example.com", DNS_A);
	build_bytes(&b, POINTER_TO_QUESTION, 2);
	build_record(&b, 99, 60, "", 0);
	data = b.len;
	build16(&b, 0xc00c);
	for (size_t i = 0; i < 200; i++)
		build16(&b, (unsigned)(0xc000 | (b.len - 2)));
	b.bytes[data - 2] = (uint8_t)((b.len - data) >> 8);
	b.bytes[data - 1] = (uint8_t)(b.len - data);
	build16(&b, (unsigned)(0xc000 | (data + 2 * 100)));
	build_record(&b, 99, 60, "", 0);
	assert_answer(&b, &q, 0);
	b.len -= 12;
	build16(&b, (unsigned)(0xc000 | (data + 2 * 200)));
	build_record(&b, 99, 60, "", 0);
	assert_answer(&b, &q, EBADMSG);
}

TEST(records_beyond_the_counts_of_the_header_are_missed)
{
	struct dns_query q = query_for("www.example.com", DNS_A);
	struct dns_build b;

	build_chain(&b);
	b.bytes[7] = 3;
	assert_answer(&b, &q, EBADMSG);
	b.bytes[6] = b.bytes[7] = 0xff;
	assert_answer(&b, &q, EBADMSG);
}

TEST(truncated_answer_needs_no_records)
{
	struct dns_query q = query_for("www.example.com", DNS_A);
	struct dns_answer a;
	struct dns_build b;

	build_header(&b, 1, 0x8380, 1, 7, 0, 0);
	build_question(&b, "www.example.com", DNS_A);
	assert_int_equal(parse_answer(b.bytes, b.len, 1, &q, &a), 0);
	assert_true(a.truncated);
}

TEST(only_an_error_may_come_without_the_question)
{
	struct dns_query q = query_for("www.example.com", DNS_A);
	struct dns_answer a;
	struct dns_build b;

	build_header(&b, 1, 0x8181, 0, 0, 0, 0);
	assert_int_equal(parse_answer(b.bytes, b.len, 1, &q, &a), 0);
	assert_false(a.has_question);
	assert_int_equal(a.rcode, DNS_FORMERR);
	build_header(&b, 1, 0x8180, 0, 0, 0, 0);
	assert_answer(&b, &q, EBADMSG);
	build_header(&b, 1, 0x8183, 0, 0, 0, 0);
	assert_answer(&b, &q, EBADMSG);
}

TEST(ttl_over_31_bits_counts_as_zero)
{
	struct dns_query q = query_for("a", DNS_A);
	struct dns_answer a;
	struct dns_build b;

	build_header(&b, 1, 0x8180, 1, 1, 0, 0);
	build_question(&b, "a", DNS_A);
	build_bytes(&b, POINTER_TO_QUESTION, 2);
	build_record(&b, DNS_A, 0x80000000u, "\xc0\0\2\1", 4);
	assert_int_equal(parse_answer(b.bytes, b.len, 1, &q, &a), 0);
	assert_int_equal(a.ttl, 0);
}

struct seen { unsigned count; union addr addr[4]; uint32_t ttl[4]; };

static void
see(void *arg, const union addr *addr, uint32_t ttl)
{
	struct seen *seen = arg;

	seen->addr[seen->count] = *addr;
	seen->ttl[seen->count++] = ttl;
}

TEST(addresses_come_from_the_answer_section_only)
{
	struct seen seen = { 0 };
	union addr v4, v6;
	struct dns_build b;

	addr_from_bytes(&v4, AF_INET, "\xc0\0\2\1", 0);
	addr_from_bytes(&v6, AF_INET6, "\x20\1\xd\xb8\0\0\0\0\0\0\0\0\0\0\0\7", 0);
	build_header(&b, 1, 0x8180, 1, 4, 0, 1);
	build_question(&b, "a", 255);
	build_bytes(&b, POINTER_TO_QUESTION, 2);
	build_record(&b, DNS_A, 60, addr_bytes(&v4, &(size_t){ 0 }), 4);
	build_bytes(&b, POINTER_TO_QUESTION, 2);
	build_record(&b, DNS_AAAA, 70, addr_bytes(&v6, &(size_t){ 0 }), 16);
	build_bytes(&b, POINTER_TO_QUESTION, 2);
	build_record(&b, DNS_A, 80, "\1\2\3\4\5", 5); /* an address of five bytes */
	build_bytes(&b, POINTER_TO_QUESTION, 2);
	build_record(&b, 16, 80, "\3abc", 4);
	build_bytes(&b, POINTER_TO_QUESTION, 2);
	build_record(&b, DNS_A, 90, "\xc6\x33\x64\1", 4);
	dns_answer_addresses(b.bytes, b.len, see, &seen);
	assert_int_equal(seen.count, 2);
	assert_true(addr_same_ip(&seen.addr[0], &v4) && seen.ttl[0] == 60);
	assert_true(addr_same_ip(&seen.addr[1], &v6) && seen.ttl[1] == 70);
}

TEST(age_is_taken_from_every_ttl_but_opt)
{
	struct dns_query q = query_for("www.example.com", DNS_A);
	struct dns_answer a;
	struct seen seen = { 0 };
	struct dns_build b, before;

	build_chain(&b);
	before = b;
	dns_answer_age(b.bytes, b.len, 59, 0, INT32_MAX);
	assert_int_equal(parse_answer(b.bytes, b.len, 1, &q, &a), 0);
	assert_int_equal(a.ttl, 1);
	assert_memory_equal(b.bytes + a.opt, before.bytes + a.opt, b.len - a.opt);
	dns_answer_age(b.bytes, b.len, 100, 0, INT32_MAX);
	dns_answer_addresses(b.bytes, b.len, see, &seen);
	assert_int_equal(seen.ttl[0], 0);
}

TEST(truncation_keeps_header_question_and_bare_opt)
{
	struct dns_build query, b;
	struct dns_query plain = query_for("www.example.com", DNS_A), edns;
	struct dns_answer a;
	size_t len;

	build_header(&query, 1, 0x0100, 1, 0, 0, 1);
	build_question(&query, "www.example.com", DNS_A);
	build_opt(&query, 1232, 0, "", 0);
	assert_int_equal(parse_query(query.bytes, query.len, &edns), 0);
	build_chain(&b);
	assert_int_equal(parse_answer(b.bytes, b.len, 1, &plain, &a), 0);
	len = dns_answer_truncate(b.bytes, &a, &edns);
	assert_int_equal(len, 33 + 11);
	assert_memory_equal(b.bytes, "\0\1\x83\x80\0\1\0\0\0\0\0\1", 12);
	assert_memory_equal(b.bytes + 33, "\0\0\x29\4\xd0\0\0\0\0\0\0", 11);
	build_chain(&b);
	len = dns_answer_truncate(b.bytes, &a, &plain);
	assert_int_equal(len, 33);
	assert_memory_equal(b.bytes, "\0\1\x83\x80\0\1\0\0\0\0\0\0", 12);
}

TEST(options_are_stripped_from_a_final_opt_only)
{
	struct dns_query q = query_for("www.example.com", DNS_A);
	struct dns_answer a;
	struct dns_build b;
	size_t len;

	build_chain(&b);
	assert_int_equal(parse_answer(b.bytes, b.len, 1, &q, &a), 0);
	len = dns_answer_strip_options(b.bytes, &a);
	assert_int_equal(len, b.len - 6);
	assert_int_equal(parse_answer(b.bytes, len, 1, &q, &a), 0);
	build_chain(&b);
	b.bytes[11] = 2;
	build_bytes(&b, POINTER_TO_QUESTION, 2);
	build_record(&b, DNS_A, 60, "\xc0\0\2\1", 4);
	assert_int_equal(parse_answer(b.bytes, b.len, 1, &q, &a), 0);
	assert_int_equal(dns_answer_strip_options(b.bytes, &a), 0);
}

RUN_TESTS(NULL, NULL)
