/* The packets that public conformance suites send to forwarders, each as a client sends it, and what comes back. */
#include "config.h"

#include "dns_fixture.h"

static struct resolver *const first = &fx.resolvers[0];

enum { NOTHING = -1 };

/* The rcode of the answer to b; NOTHING: there is none. */
static int
rcode_of(const struct dns_build *b)
{
	client_send(0, b);
	if (client_silent(0))
		return NOTHING;
	client_send(0, b); /* what client_silent() found it took */
	client_receive(0);
	assert_true(fx.reply.len >= DNS_HEADER_LEN);
	assert_memory_equal(fx.reply.bytes, b->bytes, 2);
	return fx.reply.bytes[3] & 15;
}

/* A question whose name is given as bytes. */
static struct dns_build
question_of(const void *name, size_t len)
{
	struct dns_build b;

	build_header(&b, 7, 0x0100, 1, 0, 0, 0);
	build_bytes(&b, name, len);
	build16(&b, DNS_A);
	build16(&b, 1);
	return b;
}

/* The records of section counts[] follow the question, as they stand in records. */
static struct dns_build records;
static uint8_t counts[6];

static void
answer_records(struct resolver *r, const struct heard *h)
{
	struct dns_build b;

	b.len = 0;
	build_bytes(&b, h->msg.bytes, h->query.question.end);
	memcpy(b.bytes + 2, "\x81\xb0\0\1", 4); /* AD and CD, too */
	memcpy(b.bytes + 6, counts, sizeof(counts));
	build_bytes(&b, records.bytes, records.len);
	answer_udp(r, h, &b);
}

/* first answers with what is put into records; expects it as it is, whether kept or not. */
static void
assert_passes_twice(const struct dns_build *query)
{
	const size_t question = query->bytes[11] > 0 ? query->len - 11 : query->len;

	first->on_udp = answer_records;
	for (int i = 0; i < 2; i++) {
		client_send(0, query);
		client_receive(0);
		assert_int_equal(fx.reply.len, question + records.len);
		assert_memory_equal(fx.reply.bytes, query->bytes, 2);
		assert_memory_equal(fx.reply.bytes + 2, "\x81\xb0\0\1", 4);
		assert_memory_equal(fx.reply.bytes + 6, counts, sizeof(counts));
		assert_memory_equal(fx.reply.bytes + 12, query->bytes + 12, question - 12);
		assert_memory_equal(fx.reply.bytes + question, records.bytes, records.len);
	}
}

static void
record_begin(unsigned an, unsigned ns, unsigned ar)
{
	records.len = 0;
	memcpy(counts, (uint8_t[]){ 0, (uint8_t)an, 0, (uint8_t)ns, 0, (uint8_t)ar }, sizeof(counts));
}

TEST(any_is_passed_on_as_it_is)
{
	struct dns_build b;

	record_begin(1, 0, 0);
	build16(&records, 0xc00c);
	build_record(&records, 13, 100, "\7RFC8482\0", 9);
	build_query(&b, 1, "any.example", DNS_ANY);
	assert_passes_twice(&b);
	assert_int_equal(first->heard[0].query.question.type, DNS_ANY);
}

TEST(unknown_types_and_classes_pass_untouched)
{
	struct dns_build b;

	record_begin(1, 0, 0);
	build16(&records, 0xc00c);
	build_record(&records, 65280, 100, "\xc0\x0c\xff\0\xc0", 5); /* no pointers: RFC 3597 section 4 */
	records.bytes[5] = 77;
	build_header(&b, 1, 0x0100, 1, 0, 0, 0);
	build_name(&b, "type65280.example");
	build16(&b, 65280);
	build16(&b, 77);
	assert_passes_twice(&b);
}

TEST(version_of_the_server_is_the_servers)
{
	struct dns_build b;

	record_begin(1, 0, 0);
	build16(&records, 0xc00c);
	build_record(&records, 16, 0, "\3bad", 4);
	records.bytes[5] = 3;
	build_query(&b, 1, "version.bind", 16);
	b.bytes[b.len - 1] = 3; /* CH */
	assert_passes_twice(&b);
}

TEST(root_is_a_name)
{
	struct dns_build b;

	record_begin(1, 0, 0);
	build_bytes(&records, "", 1);
	build_record(&records, 2, 100, "\1a\0", 3);
	build_query(&b, 1, "", 2);
	assert_passes_twice(&b);
	assert_int_equal(fx.nrecords, 2);
	assert_string_equal(fx.hosts[0], ".");
}

TEST(name_of_255_bytes_is_asked_and_one_of_256_is_not)
{
	uint8_t name[256];
	struct dns_build b;

	memset(name, 'a', sizeof(name));
	name[0] = name[64] = name[128] = 63;
	name[192] = 61;
	name[254] = 0;
	b = question_of(name, 255);
	assert_int_equal(rcode_of(&b), DNS_NOERROR);
	assert_int_equal(first->heard[0].query.question.name.len, 255);
	name[192] = 62;
	name[254] = 'a';
	name[255] = 0;
	b = question_of(name, 256);
	assert_int_equal(rcode_of(&b), DNS_FORMERR);
}

TEST(label_of_63_bytes_is_asked_and_one_of_64_is_not)
{
	uint8_t name[66] = { 63 };
	struct dns_build b;

	memset(name + 1, 'a', 63);
	b = question_of(name, 65);
	assert_int_equal(rcode_of(&b), DNS_NOERROR);
	name[0] = 64;
	name[64] = 'a';
	b = question_of(name, 66);
	assert_int_equal(rcode_of(&b), DNS_FORMERR);
}

TEST(labels_of_obsolete_kinds_are_format_errors)
{
	struct dns_build bits = question_of("\x41\x03\xaa\0", 4), extended = question_of("\x80\0", 2);

	assert_int_equal(rcode_of(&bits), DNS_FORMERR);
	assert_int_equal(rcode_of(&extended), DNS_FORMERR);
}

TEST(pointers_in_the_question_are_format_errors)
{
	/* to itself, into the header, ahead, beyond the end */
	static const char *const names[] = { "\xc0\x0c", "\xc0\x04", "\xc0\x0f", "\xff\xff" };

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		struct dns_build b = question_of(names[i], 2);

		assert_int_equal(rcode_of(&b), DNS_FORMERR);
	}
}

TEST(compressed_owner_names_are_passed_as_they_are)
{
	struct dns_build b;

	record_begin(3, 0, 0);
	build16(&records, 0xc00c);
	build_record(&records, 5, 100, "\3cdn\xc0\x10", 6); /* cdn.example */
	build_bytes(&records, "\3cdn\xc0\x10", 6);
	build_record(&records, DNS_A, 100, "\xc0\0\2\1", 4);
	build16(&records, 0xc00c + 17 + 12); /* into the CNAME's data */
	build_record(&records, DNS_A, 100, "\xc0\0\2\2", 4);
	build_query(&b, 1, "www.example", DNS_A);
	assert_passes_twice(&b);
	assert_string_equal(learned("192.0.2.2"), "www.example");
}

/* An answer that is not one is passed over; the second, good one is taken. */
static void
answer_bad_then_good(struct resolver *r, const struct heard *h)
{
	answer_records(r, h);
	answer_one(r, h);
}

TEST(answers_with_bad_names_are_passed_over)
{
	/* to itself, ahead, into the header, a loop of two, obsolete, no end */
	static const char *const names[] = { "\xc0\x1d", "\xc0\x30", "\xc0\0", "\1a\xc0\x1d", "\x41\1\xaa\0", "\x3f" };
	static const size_t lens[] = { 2, 2, 2, 4, 4, 1 };

	first->on_udp = answer_bad_then_good;
	fx.conf.dns.cache_entries = 0;
	dns_proxy_policy_changed(fx.proxy);
	for (size_t i = 0; i < sizeof(lens) / sizeof(lens[0]); i++) {
		record_begin(1, 0, 0);
		build_bytes(&records, names[i], lens[i]);
		if (lens[i] > 1)
			build_record(&records, DNS_A, 100, "\xc0\0\2\x42", 4);
		ask_and_expect(1, "www.example", DNS_A);
		assert_int_equal(reply_last_byte(NULL), 1);
	}
	assert_null(learned("192.0.2.66"));
}

TEST(question_counts_other_than_one_are_format_errors)
{
	struct dns_build b;

	build_header(&b, 7, 0x0100, 0, 0, 0, 0);
	assert_int_equal(rcode_of(&b), DNS_FORMERR);
	build_header(&b, 7, 0x0100, 2, 0, 0, 0);
	build_question(&b, "a.example", DNS_A);
	build_question(&b, "b.example", DNS_A);
	assert_int_equal(rcode_of(&b), DNS_FORMERR);
	assert_int_equal(first->nheard, 0);
}

TEST(answers_sent_to_us_are_never_answered)
{
	struct dns_build b;

	build_query(&b, 7, "www.example", DNS_A);
	b.bytes[2] |= 0x80;
	assert_int_equal(rcode_of(&b), NOTHING);
	b.bytes[2] = 0xa8; /* of another opcode */
	assert_int_equal(rcode_of(&b), NOTHING);
	b.len = 11;
	b.bytes[2] = 1;
	assert_int_equal(rcode_of(&b), NOTHING);
}

TEST(other_opcodes_are_not_implemented)
{
	struct dns_build b;

	for (unsigned opcode = 1; opcode < 16; opcode++) {
		build_header(&b, 7, opcode << 11, 1, 0, 0, 0);
		build_question(&b, "www.example", DNS_A);
		assert_int_equal(rcode_of(&b), DNS_NOTIMP);
		assert_int_equal(fx.reply.bytes[2] >> 3 & 15, opcode);
	}
	assert_int_equal(first->nheard, 0);
}

TEST(zone_transfers_are_not_implemented)
{
	struct dns_build b;
	int fd = client_connect();

	for (unsigned type = DNS_IXFR; type <= DNS_AXFR; type++) {
		build_query(&b, 7, "example", type);
		assert_int_equal(rcode_of(&b), DNS_NOTIMP);
		client_write_frame(fd, &b);
		client_read_frame(fd, &fx.reply);
		assert_int_equal(fx.reply.bytes[3] & 15, DNS_NOTIMP);
	}
	close(fd);
}

TEST(bytes_behind_the_query_are_no_error)
{
	struct dns_build b;

	build_query(&b, 7, "www.example", DNS_A);
	build_bytes(&b, "trailing", 8);
	assert_int_equal(rcode_of(&b), DNS_NOERROR);
}

static struct dns_build
query_edns(unsigned flags, unsigned size, unsigned edns_flags, const void *options, size_t n)
{
	struct dns_build b;

	build_header(&b, 7, flags, 1, 0, 0, 1);
	build_question(&b, "www.example", DNS_A);
	build_opt(&b, size, edns_flags, options, n);
	return b;
}

/* RFC 6891 section 7: and one that was too old for it says so by FORMERR or NOTIMP itself. */
TEST(edns_version_and_unknown_flags_are_the_servers_matter)
{
	struct dns_build b = query_edns(0x0100, 1232, 0x4001, "", 0);

	b.bytes[b.len - 5] = 1; /* version */
	record_begin(0, 0, 1);
	build_opt(&records, 1232, 0, "", 0);
	records.bytes[5] = 1; /* BADVERS */
	assert_passes_twice(&b);
	assert_int_equal(first->nheard, 2); /* and is not kept */
	assert_sent(&first->heard[0], &b);
}

TEST(edns_options_are_passed_both_ways_and_not_kept)
{
	struct dns_build b = query_edns(0x0100, 1232, 0, "\0\x03\0\0\xff\xfe\0\1x", 9);

	record_begin(0, 0, 1);
	build_opt(&records, 1232, 0, "\0\x03\0\2ns", 6);
	fixture_known();
	first->on_udp = answer_records;
	for (unsigned i = 1; i < 3; i++) {
		client_send(0, &b);
		client_receive(0);
		assert_int_equal(first->nheard, i);
		assert_sent(&first->heard[i - 1], &b);
		assert_memory_equal(fx.reply.bytes + 29, records.bytes, records.len);
	}
}

TEST(second_opt_record_is_a_format_error)
{
	struct dns_build b = query_edns(0x0100, 1232, 0, "", 0);

	b.bytes[11] = 2;
	build_opt(&b, 1232, 0, "", 0);
	assert_int_equal(rcode_of(&b), DNS_FORMERR);
	record_begin(0, 0, 2);
	build_opt(&records, 1232, 0, "", 0);
	build_opt(&records, 1232, 0, "", 0);
	first->on_udp = answer_bad_then_good;
	ask_and_expect(1, "www.example", DNS_A);
	assert_int_equal(reply_last_byte(NULL), 1);
}

TEST(opt_record_need_not_be_the_last)
{
	struct dns_build b;

	build_header(&b, 7, 0x0100, 1, 0, 0, 2);
	build_question(&b, "www.example", DNS_A);
	build_opt(&b, 1232, 0, "", 0);
	build_name(&b, "key.example");
	build_record(&b, 16, 0, "\0", 1);
	assert_int_equal(rcode_of(&b), DNS_NOERROR);
	b.bytes[11] = 3; /* one is missing */
	assert_int_equal(rcode_of(&b), DNS_FORMERR);
}

static void
answer_of_1200_bytes(struct resolver *r, const struct heard *h)
{
	static uint8_t text[1200 - 12 - 17 - 12];
	struct dns_build b;

	b.len = 0;
	build_bytes(&b, h->msg.bytes, h->query.question.end);
	memcpy(b.bytes + 2, "\x81\x80\0\1\0\1\0\0\0\0", 10);
	build16(&b, 0xc00c);
	build_record(&b, DNS_A, 0, text, sizeof(text));
	assert_int_equal(b.len, 1200);
	answer_udp(r, h, &b);
}

TEST(udp_size_of_the_client_is_the_limit_and_512_without)
{
	static const unsigned sizes[] = { 0, 511, 512, 1199, 1200, 65535 };
	struct dns_build b;

	first->on_udp = answer_of_1200_bytes;
	for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		b = query_edns(0x0100, sizes[i], 0, "", 0);
		client_send(0, &b);
		client_receive(0);
		assert_int_equal(fx.reply.len, sizes[i] < 1200 ? 29 : 1200);
		assert_int_equal((fx.reply.bytes[2] & 2) != 0, sizes[i] < 1200);
	}
	build_query(&b, 7, "www.example", DNS_A);
	client_send(0, &b);
	client_receive(0);
	assert_int_equal(fx.reply.len, 29);
}

TEST(signatures_pass_untouched_and_only_to_who_asked_for_them)
{
	struct dns_build with = query_edns(0x0130, 1232, 0x8000, "", 0), without = query_edns(0x0130, 1232, 0, "", 0);

	record_begin(2, 0, 1);
	build16(&records, 0xc00c);
	build_record(&records, DNS_A, 100, "\xc0\0\2\1", 4);
	build16(&records, 0xc00c);
	build_record(&records, 46, 100, "\0\1\x0d\2\0\0\0\x64" "signature", 17);
	build_opt(&records, 1232, 0x8000, "", 0);
	assert_passes_twice(&with);
	assert_int_equal(first->nheard, 1);
	assert_sent(&first->heard[0], &with);
	client_send(0, &without);
	client_receive(0);
	assert_int_equal(first->nheard, 2);
}

TEST(checking_disabled_and_authentic_data_are_asked_apart)
{
	static const unsigned flags[] = { 0x0100, 0x0110, 0x0120, 0x0000, 0x0100 };
	struct dns_build b;

	for (unsigned i = 0; i < 5; i++) {
		build_header(&b, i, flags[i], 1, 0, 0, 0);
		build_question(&b, "www.example", DNS_A);
		client_send(0, &b);
		client_receive(0);
		assert_int_equal(first->nheard, i < 4 ? i + 1 : 4);
		if (i < 4)
			assert_int_equal(first->heard[i].query.flags, flags[i]);
	}
}

TEST(letters_are_given_back_as_they_were_sent)
{
	ask_and_expect(1, "wWw.eXAMPLe", DNS_A);
	ask_and_expect(1, "WwW.ExamplE", DNS_A);
	assert_int_equal(first->nheard, 1);
}

TEST(one_client_may_use_an_id_for_two_questions_at_once)
{
	first->on_udp = stay_silent;
	client_ask(0, 9, "a.example", DNS_A);
	client_ask(0, 9, "b.example", DNS_A);
	fixture_until(&first->nheard, 2);
	answer_one(first, &first->heard[1]);
	client_expect(0, 9, "b.example", DNS_A);
	answer_one(first, &first->heard[0]);
	client_expect(0, 9, "a.example", DNS_A);
}

TEST(one_client_that_repeats_itself_gets_each_answer)
{
	first->on_udp = stay_silent;
	client_ask(0, 9, "a.example", DNS_A);
	client_ask(0, 9, "a.example", DNS_A);
	fixture_until(&first->nheard, 1);
	assert_true(client_silent(0));
	answer_one(first, &first->heard[0]);
	client_expect(0, 9, "a.example", DNS_A);
	client_expect(0, 9, "a.example", DNS_A);
}

static void
answer_twice(struct resolver *r, const struct heard *h)
{
	answer_one(r, h);
	answer_one(r, h);
}

TEST(servers_answer_that_comes_twice_is_given_once)
{
	first->on_udp = answer_twice;
	ask_and_expect(9, "a.example", DNS_A);
	assert_true(client_silent(0));
}

static void
answer_truncated(struct resolver *r, const struct heard *h)
{
	struct dns_build b;

	answer_build(&b, h, 66);
	b.bytes[2] |= 2;
	b.len -= 3; /* in the middle of a record */
	answer_udp(r, h, &b);
}

TEST(truncated_answer_is_asked_again_over_tcp_and_no_part_of_it_is_used)
{
	first->on_udp = answer_truncated;
	ask_and_expect(9, "a.example", DNS_A);
	assert_int_equal(reply_last_byte(NULL), 1);
	assert_int_equal(first->ntcp_heard, 1);
	assert_null(learned("192.0.2.66"));
}

RUN_TESTS(fixture_setup, fixture_teardown)
