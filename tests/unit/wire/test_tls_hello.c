#include "config.h"

#include "../test.h"
#include "../samples.h"
#include "wire/tls_hello.h"

/* A hello built by the tests. */
struct hello {
	uint8_t bytes[2048];
	size_t  len;
};

static void
put(struct hello *h, const void *bytes, size_t n)
{
	assert_true(h->len + n <= sizeof(h->bytes));
	memcpy(h->bytes + h->len, bytes, n);
	h->len += n;
}

static void
put16(struct hello *h, size_t value)
{
	uint8_t bytes[2] = { (uint8_t)(value >> 8), (uint8_t)value };

	put(h, bytes, 2);
}

static void
extension(struct hello *h, unsigned type, const void *body, size_t n)
{
	put16(h, type);
	put16(h, n);
	put(h, body, n);
}

static void
server_name(struct hello *h, const char *name, size_t n)
{
	put16(h, 0);
	put16(h, n + 5);
	put16(h, n + 3);
	put(h, "", 1);
	put16(h, n);
	put(h, name, n);
}

/* The handshake message around the extensions. */
static struct hello
message(const struct hello *extensions)
{
	struct hello h = { .len = 0 };
	static const uint8_t random_and_more[32 + 1 + 2 + 4 + 2] = {
		[33] = 0, 4, 0x0a, 0x0a, 0x13, 0x01, 1, 0       /* GREASE and one real suite; no compression */
	};

	put(&h, "\x01\x00", 2);
	put16(&h, 2 + sizeof(random_and_more) + 2 + extensions->len);
	put(&h, "\x03\x03", 2);
	put(&h, random_and_more, sizeof(random_and_more));
	put16(&h, extensions->len);
	put(&h, extensions->bytes, extensions->len);
	return h;
}

/* The message in records of `size` bytes. */
static struct hello
records(const struct hello *msg, size_t size)
{
	struct hello h = { .len = 0 };

	for (size_t at = 0; at < msg->len; at += size) {
		size_t n = msg->len - at < size ? msg->len - at : size;

		put(&h, "\x16\x03\x01", 3);
		put16(&h, n);
		put(&h, msg->bytes + at, n);
	}
	return h;
}

static struct hello
hello_of(const struct hello *extensions)
{
	struct hello msg = message(extensions);

	return records(&msg, sizeof(msg.bytes));
}

static struct hello
hello_named(const char *name, size_t n)
{
	struct hello extensions = { .len = 0 };

	server_name(&extensions, name, n);
	return hello_of(&extensions);
}

/* Every prefix asks for more until the hello is complete; after that the name stays found. */
static void
assert_found_in_fragments(const uint8_t *data, size_t len, const char *host)
{
	struct sniffed name;
	bool found = false;

	for (size_t n = 0; n <= len; n++) {
		enum sniff status = tls_hello_name(data, n, &name);

		assert_int_equal(status, found || status == SNIFF_FOUND ? SNIFF_FOUND : SNIFF_MORE);
		found = status == SNIFF_FOUND;
		if (found)
			assert_string_equal(name.text, host);
	}
	assert_true(found);
}

static void
assert_status(const struct hello *h, enum sniff expected)
{
	struct sniffed name;

	assert_int_equal(tls_hello_name(h->bytes, h->len, &name), expected);
}

TEST(hello_without_name_is_none_when_it_is_whole)
{
	struct sniffed name;
	static uint8_t data[SAMPLE_MAX];
	size_t len = sample_read("openssl-noname.tcp", data);

	for (size_t n = 0; n < len; n++)
		assert_int_equal(tls_hello_name(data, n, &name), SNIFF_MORE);
	assert_int_equal(tls_hello_name(data, len, &name), SNIFF_NONE);
}

TEST(hello_may_span_records_of_any_size)
{
	struct hello extensions = { .len = 0 };
	struct hello msg, h;

	server_name(&extensions, "a.kion.cloud", 12);
	msg = message(&extensions);
	for (size_t size = 1; size <= msg.len; size++) {
		h = records(&msg, size);
		assert_found_in_fragments(h.bytes, h.len, "a.kion.cloud");
	}
}

TEST(grease_extensions_are_passed_over)
{
	struct hello extensions = { .len = 0 };
	struct hello h;

	extension(&extensions, 0x3a3a, "", 0);
	extension(&extensions, 0xdada, "x", 1);
	server_name(&extensions, "a.kion.cloud", 12);
	extension(&extensions, 0xfafa, "", 0);
	h = hello_of(&extensions);
	assert_found_in_fragments(h.bytes, h.len, "a.kion.cloud");
}

TEST(encrypted_client_hello_shows_its_outer_name)
{
	struct hello extensions = { .len = 0 };
	struct hello h;

	extension(&extensions, 0xfe0d, "\x00\x00\x01\x00\x01\x2a\x00\x00\x00\x04" "abcd", 14);
	server_name(&extensions, "public.example.net", 18);
	h = hello_of(&extensions);
	assert_found_in_fragments(h.bytes, h.len, "public.example.net");
}

TEST(outer_name_is_known_as_such_wherever_its_extension_stands)
{
	static const char encrypted[] = "\x00\x00\x01\x00\x01\x2a\x00\x00\x00\x04" "abcd";
	struct sniffed name;

	for (int first = 0; first < 3; first++) {
		struct hello extensions = { .len = 0 };
		struct hello h;

		if (first == 1)
			extension(&extensions, 0xfe0d, encrypted, 14);
		server_name(&extensions, "a.kion.cloud", 12);
		if (first == 0)
			extension(&extensions, 0xfe0d, encrypted, 14);
		h = hello_of(&extensions);
		assert_int_equal(tls_hello_name(h.bytes, h.len, &name), SNIFF_FOUND);
		assert_int_equal(name.outer, first != 2);
	}
}

TEST(name_is_there_before_the_hello_is_whole)
{
	struct hello extensions = { .len = 0 };
	struct hello h;
	struct sniffed name;

	server_name(&extensions, "a.kion.cloud", 12);
	extension(&extensions, 0x3a3a, "x", 1);
	h = hello_of(&extensions);
	assert_int_equal(tls_hello_name(h.bytes, h.len - 1, &name), SNIFF_MORE);
	assert_string_equal(name.text, "a.kion.cloud");
	assert_int_equal(tls_hello_name(h.bytes, h.len - 5, &name), SNIFF_MORE);
	assert_string_equal(name.text, "a.kion.cloud");
	assert_int_equal(tls_hello_name(h.bytes, h.len - 6, &name), SNIFF_MORE);
	assert_string_equal(name.text, "");
}

TEST(message_without_records_is_read)
{
	struct hello extensions = { .len = 0 };
	struct hello msg;
	struct sniffed name;

	server_name(&extensions, "a.kion.cloud", 12);
	msg = message(&extensions);
	for (size_t n = 0; n < msg.len; n++)
		assert_int_equal(tls_hello_message(msg.bytes, n, &name), SNIFF_MORE);
	assert_int_equal(tls_hello_message(msg.bytes, msg.len, &name), SNIFF_FOUND);
	assert_string_equal(name.text, "a.kion.cloud");
}

TEST(hellos_of_real_clients_are_read_at_every_fragmentation)
{
	static const struct { const char *file; bool outer; } samples[] = {
		{ "openssl-tls13.tcp", false }, { "openssl-tls12.tcp", false }, { "openssl-large.tcp", false },
		{ "curl-https.tcp", false }, { "chromium-tls.tcp", true },
	};
	static uint8_t data[SAMPLE_MAX];
	struct sniffed name;

	for (size_t i = 0; i < sizeof(samples) / sizeof(samples[0]); i++) {
		size_t len = sample_read(samples[i].file, data);

		assert_found_in_fragments(data, len, "shop.kion.cloud");
		assert_int_equal(tls_hello_name(data, len, &name), SNIFF_FOUND);
		assert_int_equal(name.outer, samples[i].outer);
	}
}

TEST(name_of_another_type_is_passed_over)
{
	static const uint8_t list[] = { 0, 11, 9, 0, 2, 'x', 'y', 0, 0, 3, 'a', '.', 'b' };
	struct hello extensions = { .len = 0 };
	struct hello h;

	extension(&extensions, 0, list, sizeof(list));
	h = hello_of(&extensions);
	assert_found_in_fragments(h.bytes, h.len, "a.b");
}

TEST(name_of_zero_254_or_with_nul_is_none)
{
	char longest[HOST_MAX + 1];
	struct hello h;

	memset(longest, 'a', sizeof(longest));
	h = hello_named(longest, HOST_MAX);
	assert_status(&h, SNIFF_FOUND);
	h = hello_named(longest, HOST_MAX + 1);
	assert_status(&h, SNIFF_NONE);
	h = hello_named("", 0);
	assert_status(&h, SNIFF_NONE);
	h = hello_named("a\0b", 3);
	assert_status(&h, SNIFF_NONE);
}

TEST(lengths_that_contradict_each_other_are_none)
{
	static const uint8_t list_too_long[] = { 0, 9, 0, 0, 1, 'a' };
	static const uint8_t name_too_long[] = { 0, 4, 0, 0, 2, 'a' };
	static const uint8_t *const bodies[] = { list_too_long, name_too_long };
	struct hello h;

	for (size_t i = 0; i < 2; i++) {
		struct hello extensions = { .len = 0 };

		extension(&extensions, 0, bodies[i], 6);
		h = hello_of(&extensions);
		assert_status(&h, SNIFF_NONE);
	}
	h = hello_named("a.kion.cloud", 12);
	h.bytes[5 + 4 + 2 + 32] = 33;           /* session id */
	assert_status(&h, SNIFF_NONE);
	h = hello_named("a.kion.cloud", 12);
	h.bytes[8]--;                           /* message shorter than its content */
	assert_status(&h, SNIFF_NONE);
}

TEST(first_wrong_byte_ends_it)
{
	static const struct { const char *bytes; size_t len; } wrong[] = {
		{ "\x15", 1 }, { "\x80", 1 }, { "G", 1 },
		{ "\x16\x02", 2 },
		{ "\x16\x03\x01\x40\x01", 5 },          /* record over 2^14 */
		{ "\x16\x03\x01\x00\x00", 5 },          /* empty record */
		{ "\x16\x03\x01\x00\x20\x02", 6 },      /* ServerHello */
		{ "\x16\x03\x01\x00\x20\x01\x00\x41\x01", 9 },  /* message over SNIFF_MAX */
		{ "\x16\x03\x01\x00\x20\x01\x00\x00\x1c\x02", 10 },
	};
	struct sniffed name;

	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		const uint8_t *bytes = (const uint8_t *)wrong[i].bytes;

		assert_int_equal(tls_hello_name(bytes, wrong[i].len - 1, &name), SNIFF_MORE);
		assert_int_equal(tls_hello_name(bytes, wrong[i].len, &name), SNIFF_NONE);
	}
}

TEST(record_of_another_type_inside_the_hello_is_none)
{
	struct hello extensions = { .len = 0 };
	struct hello msg, h;

	server_name(&extensions, "a.kion.cloud", 12);
	msg = message(&extensions);
	h = records(&msg, 20);
	h.bytes[25] = 21;
	assert_status(&h, SNIFF_NONE);
}

RUN_TESTS(NULL, NULL)
