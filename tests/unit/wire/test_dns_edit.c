#include "config.h"

#include "../test.h"
#include "../dns_exact.h"

#include "wire/dns_content.h"
#include "wire/dns_edit.h"

#define OWNER    "\xc0\x0c"
#define CUT_TO_2 (struct dns_edit){ .addresses = 2 }
#define STRIP    (struct dns_edit){ .addresses = SIZE_MAX, .strip_ech = true }

static struct dns_build before;

/* Edits `before`, from a copy of exactly its length, into b. */
static int
edit(const struct dns_edit *how, const char *name, unsigned type, struct dns_build *b, struct dns_answer *a)
{
	static uint8_t out[DNS_MESSAGE_MAX];
	const struct dns_query q = query_for(name, type);
	uint8_t *copy = malloc(before.len);
	struct dns_answer again;
	int error;

	assert_non_null(copy);
	memcpy(copy, before.bytes, before.len);
	assert_int_equal(dns_answer_parse(copy, before.len, 1, &q.question, a), 0);
	error = dns_answer_edit(copy, before.len, how, out, a);
	free(copy);
	if (error != 0)
		return error;
	b->len = a->end;
	memcpy(b->bytes, out, b->len);
	assert_int_equal(parse_answer(b->bytes, b->len, 1, &q, &again), 0);
	assert_int_equal(again.end, a->end);
	assert_int_equal(again.opt, a->opt);
	assert_int_equal(again.answers, a->answers);
	return 0;
}

static void
assert_edited(const struct dns_edit *how, const char *name, unsigned type, const struct dns_build *expected)
{
	struct dns_answer a;
	struct dns_build b;

	assert_int_equal(edit(how, name, type, &b, &a), 0);
	assert_int_equal(b.len, expected->len);
	assert_memory_equal(b.bytes, expected->bytes, b.len);
}

static void
assert_untouched(const struct dns_edit *how, const char *name, unsigned type)
{
	struct dns_answer a;
	struct dns_build b;

	assert_int_equal(edit(how, name, type, &b, &a), ENOENT);
}

static void
build_a(struct dns_build *b, const char *owner, uint8_t last)
{
	const uint8_t addr[4] = { 192, 0, 2, last };

	build_bytes(b, owner, 2);
	build_record(b, DNS_A, 60, addr, 4);
}

/* The signature over records of a type; 18 bytes and the signer's name. */
static void
build_rrsig(struct dns_build *b, unsigned type)
{
	const uint8_t data[] = { (uint8_t)(type >> 8), (uint8_t)type, 8, 1, 0, 0, 0, 60, 0, 0, 0, 1, 0, 0, 0, 0, 1, 2,
		0, 99 };

	build_bytes(b, OWNER, 2);
	build_record(b, 46, 60, data, sizeof(data));
}

static void
build_https(struct dns_build *b, const void *data, size_t len)
{
	build_bytes(b, OWNER, 2);
	build_record(b, DNS_HTTPS, 60, data, len);
}

TEST(addresses_above_the_number_go_and_others_stay)
{
	struct dns_build want;

	build_header(&before, 1, 0x8180, 1, 3, 0, 0);
	build_question(&before, "a.b", DNS_A);
	want = before;
	want.bytes[7] = 2;
	for (uint8_t i = 1; i <= 3; i++)
		build_a(&before, OWNER, i);
	build_a(&want, OWNER, 1);
	build_a(&want, OWNER, 2);
	assert_edited(&CUT_TO_2, "a.b", DNS_A, &want);
	assert_untouched(&(struct dns_edit){ .addresses = 3 }, "a.b", DNS_A);
}

/* The first record, which goes, holds a name that later names point to. */
TEST(names_that_pointed_into_a_record_that_goes_stay_whole)
{
	struct dns_build want;

	build_header(&before, 1, 0x8180, 1, 3, 1, 1);
	build_question(&before, "a.b", DNS_HTTPS);
	want = before;
	want.bytes[7] = 2;
	build_name(&before, "X.y");                     /* offset 21 */
	build_record(&before, DNS_A, 60, "\xc0\0\2\1", 4);
	build_bytes(&before, "\xc0\x15", 2);            /* X.y */
	build_record(&before, 5, 60, "\1w\xc0\x17", 4); /* w.y */
	build_bytes(&before, "\1w\xc0\x17", 4);
	build_record(&before, 16, 60, "\2hi", 3);
	build_bytes(&before, "\xc0\x17", 2);            /* y: SOA */
	build_record(&before, DNS_SOA, 60, "\2ns\xc0\x17\xc0\x15" "\0\0\0\1\0\0\0\2\0\0\0\3\0\0\0\4\0\0\0\5", 27);
	build_opt(&before, 1232, 0, "\0\x0f\0\2\0\1", 6);

	build_name(&want, "X.y");                       /* offset 21 */
	build_record(&want, 5, 60, "\1w\1y\0", 5);      /* offset 36 */
	build_bytes(&want, "\xc0\x24", 2);
	build_record(&want, 16, 60, "\2hi", 3);
	build_name(&want, "y");
	build_record(&want, DNS_SOA, 60, "\2ns\1y\0\xc0\x15" "\0\0\0\1\0\0\0\2\0\0\0\3\0\0\0\4\0\0\0\5", 28);
	build_opt(&want, 1232, 0, "\0\x0f\0\2\0\1", 6);
	assert_edited(&(struct dns_edit){ .addresses = 0 }, "a.b", DNS_HTTPS, &want);
}

TEST(signatures_over_changed_records_and_the_ad_bit_go)
{
	struct dns_build want;

	build_header(&before, 1, 0x81a0, 1, 5, 0, 0);
	build_question(&before, "a.b", DNS_A);
	want = before;
	want.bytes[3] = 0x80;
	want.bytes[7] = 3;
	build_rrsig(&before, DNS_A);
	for (uint8_t i = 1; i <= 3; i++)
		build_a(&before, OWNER, i);
	build_rrsig(&before, 16);
	build_a(&want, OWNER, 1);
	build_a(&want, OWNER, 2);
	build_rrsig(&want, 16);
	assert_edited(&CUT_TO_2, "a.b", DNS_A, &want);
	assert_untouched(&STRIP, "a.b", DNS_A);
}

TEST(ech_goes_and_what_is_around_it_stays)
{
	struct dns_build want;

	build_header(&before, 1, 0x81a0, 1, 2, 0, 0);
	build_question(&before, "a.b", DNS_HTTPS);
	want = before;
	want.bytes[3] = 0x80;
	want.bytes[7] = 1;
	build_https(&before, "\0\1\0" "\0\0\0\4\0\1\0\5" "\0\1\0\3\2h3" "\0\5\0\2\0\0" "\0\7\0\1x", 3 + 8 + 7 + 6 + 5);
	build_rrsig(&before, DNS_HTTPS);
	build_https(&want, "\0\1\0" "\0\0\0\2\0\1" "\0\1\0\3\2h3" "\0\7\0\1x", 3 + 6 + 7 + 5);
	assert_edited(&STRIP, "a.b", DNS_HTTPS, &want);
	assert_untouched(&CUT_TO_2, "a.b", DNS_HTTPS);

	before = want;
	before.len = 21;
	want.len = 21;
	want.bytes[7] = before.bytes[7] = 1;
	build_https(&before, "\0\1\0" "\0\0\0\2\0\5" "\0\5\0\2\0\0", 3 + 6 + 6);
	build_https(&want, "\0\1\0", 3);
	assert_edited(&STRIP, "a.b", DNS_HTTPS, &want);
}

TEST(hints_count_like_records)
{
	struct dns_build want;

	build_header(&before, 1, 0x8180, 1, 2, 0, 1);
	build_question(&before, "a.b", DNS_HTTPS);
	want = before;
	want.bytes[11] = 0;
	build_https(&before, "\0\1\0" "\0\4\0\4\1\1\1\1" "\0\6\0\x20" "aaaaaaaaaaaaaaaabbbbbbbbbbbbbbbb", 3 + 8 + 36);
	build_https(&before, "\0\2\0" "\0\0\0\2\0\4" "\0\4\0\4\2\2\2\2", 3 + 6 + 8);
	build_a(&before, OWNER, 1);
	build_https(&want, "\0\1\0" "\0\4\0\4\1\1\1\1" "\0\6\0\x10" "aaaaaaaaaaaaaaaa", 3 + 8 + 20);
	build_https(&want, "\0\2\0", 3);
	assert_edited(&CUT_TO_2, "a.b", DNS_HTTPS, &want);
	assert_untouched(&(struct dns_edit){ .addresses = 5 }, "a.b", DNS_HTTPS);
}

static bool
ends_in(const void *letter, const struct dns_name *target)
{
	return target->wire[target->len - 2] == *(const uint8_t *)letter;
}

TEST(https_records_that_lead_to_another_name_stay_if_they_are_wanted)
{
	const struct dns_edit how = { .addresses = 9, .keep_target = ends_in, .arg = "b" };
	struct dns_build want;

	build_header(&before, 1, 0x8180, 1, 3, 0, 0);
	build_question(&before, "a.b", DNS_HTTPS);
	want = before;
	want.bytes[7] = 2;
	build_https(&before, "\0\1\0", 3);
	build_https(&before, "\0\1\1x\1c", 7);
	build_https(&before, "\0\1\1x\1b", 7);
	build_https(&want, "\0\1\0", 3);
	build_https(&want, "\0\1\1x\1b", 7);
	assert_edited(&how, "a.b", DNS_HTTPS, &want);
}

TEST(malformed_https_records_go)
{
	struct dns_build want;

	build_header(&before, 1, 0x8180, 1, 1, 0, 0);
	build_question(&before, "a.b", DNS_HTTPS);
	want = before;
	want.bytes[7] = 0;
	build_https(&before, "\0\1\0" "\0\5\0\3\0\0", 9);
	assert_edited(&STRIP, "a.b", DNS_HTTPS, &want);
}

TEST(names_in_data_that_are_malformed_are_refused)
{
	struct dns_answer a;
	struct dns_build b;

	build_header(&before, 1, 0x8180, 1, 2, 0, 0);
	build_question(&before, "a.b", DNS_A);
	build_bytes(&before, OWNER, 2);
	build_record(&before, 5, 60, "\xc0\x40", 2);
	build_a(&before, OWNER, 1);
	assert_int_equal(edit(&(struct dns_edit){ .addresses = 0 }, "a.b", DNS_A, &b, &a), EBADMSG);
}

/* Names of 255 bytes in one record each, all pointers: 700 of them fill more than a message when written out. */
TEST(answer_that_no_longer_fits_is_refused)
{
	static uint8_t msg[DNS_MESSAGE_MAX], out[DNS_MESSAGE_MAX];
	const struct dns_query q = query_for("a.b", DNS_A);
	struct dns_answer a;
	size_t len, name;

	build_header(&before, 1, 0x8180, 1, 701, 0, 0);
	build_question(&before, "a.b", DNS_A);
	build_a(&before, OWNER, 1);
	len = before.len;
	memcpy(msg, before.bytes, len);
	name = len;
	for (unsigned i = 0; i < 700; i++) {
		struct dns_build b = { .len = 0 };

		if (i == 0) {
			for (unsigned k = 0; k < 4; k++)
				build_bytes(&b, "\x3e" "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", 63);
			build_bytes(&b, "", 1);
		} else {
			build16(&b, 0xc000u | (unsigned)name);
		}
		b.len -= i == 0 ? 0 : 2;
		if (i > 0) { /* another first letter each time, so that no name is known */
			const uint8_t label[2] = { 1, (uint8_t)('a' + i % 20) };

			build_bytes(&b, label, 2);
			build16(&b, 0xc000u | (unsigned)(name + 63 * (1 + i / 20 % 2)));
		}
		build_record(&b, 16, 60, "", 0);
		memcpy(msg + len, b.bytes, b.len);
		len += b.len;
	}
	assert_int_equal(dns_answer_parse(msg, len, 1, &q.question, &a), 0);
	assert_int_equal(dns_answer_edit(msg, len, &(struct dns_edit){ .addresses = 0 }, out, &a), EMSGSIZE);
}

RUN_TESTS(NULL, NULL)
