#include "config.h"

#include "../test.h"
#include "../dns_exact.h"

#include "wire/dns_content.h"

#define OWNER   "\xc0\x0c"

struct seen {
	unsigned count;
	char     text[1024];
};

static void
see(struct seen *seen, const char *text)
{
	seen->count++;
	strcat(strcat(seen->text, seen->text[0] != '\0' ? " " : ""), text);
}

static void
see_address(void *arg, const union addr *addr, uint32_t ttl)
{
	char text[ADDR_TEXT_MAX];

	assert_int_equal(ttl, 60);
	assert_int_equal(addr_port(addr), 0);
	see(arg, addr_format_ip(addr, text));
}

static void
see_alias(void *arg, const struct dns_name *name)
{
	char text[DNS_TEXT_MAX];

	dns_name_text(name, text);
	see(arg, text);
}

static void
see_outer(void *arg, const uint8_t *name, size_t len)
{
	char text[256] = "";

	memcpy(text, name, len);
	see(arg, text);
}

/* Reads a copy of exactly the length. */
static void
assert_content(const struct dns_build *b, const char *addresses, const char *aliases, const char *outer)
{
	uint8_t *copy = malloc(b->len);
	struct seen seen[3] = { { .count = 0 } };

	assert_non_null(copy);
	memcpy(copy, b->bytes, b->len);
	dns_answer_addresses(copy, b->len, see_address, &seen[0]);
	dns_answer_aliases(copy, b->len, see_alias, &seen[1]);
	dns_answer_outer_names(copy, b->len, see_outer, &seen[2]);
	free(copy);
	assert_string_equal(seen[0].text, addresses);
	assert_string_equal(seen[1].text, aliases);
	assert_string_equal(seen[2].text, outer);
}

static void
build_https(struct dns_build *b, const char *data, size_t len)
{
	build_header(b, 1, 0x8180, 1, 1, 0, 0);
	build_question(b, "a.example", DNS_HTTPS);
	build_bytes(b, OWNER, 2);
	build_record(b, DNS_HTTPS, 60, data, len);
}
#define HTTPS(b, data) build_https((b), (data), sizeof(data) - 1)

TEST(chain_gives_every_name_in_it)
{
	struct dns_build b;

	build_header(&b, 1, 0x8180, 1, 3, 0, 0);
	build_question(&b, "www.shop.example", DNS_A);
	build_bytes(&b, OWNER, 2);
	build_record(&b, 5, 60, "\1X\7Tracker\xc0\x15", 12);
	build_name(&b, "x.tracker.example");
	build_record(&b, 39, 60, "\3cdn\3net\0", 9);
	build_name(&b, "x.cdn.net");
	build_record(&b, DNS_A, 60, "\xc0\0\2\1", 4);
	assert_content(&b, "192.0.2.1", "www.shop.example x.tracker.example x.tracker.example cdn.net x.cdn.net", "");
}

TEST(hints_are_addresses)
{
	struct dns_build b;

	HTTPS(&b, "\0\1\0" "\0\1\0\3\2h3" "\0\4\0\x08\xc0\0\2\1\xc0\0\2\2"
	    "\0\6\0\x10\x20\1\x0d\xb8\0\0\0\0\0\0\0\0\0\0\0\1");
	assert_content(&b, "192.0.2.1 192.0.2.2 2001:db8::1", "a.example", "");
	HTTPS(&b, "\0\1\0" "\0\4\0\5\xc0\0\2\1\xc0" "\0\6\0\3\1\2\3");
	assert_content(&b, "192.0.2.1", "a.example", "");
	HTTPS(&b, "\0\1\3cdn\0" "\0\4\0\4\xc0\0\2\1");
	assert_content(&b, "192.0.2.1", "a.example cdn", "");
	HTTPS(&b, "\0\0\3cdn\xc0\x0e");
	assert_content(&b, "", "a.example cdn.example", "");
}

TEST(additional_addresses_count_for_https_only)
{
	static const uint16_t types[] = { DNS_HTTPS, DNS_SVCB, DNS_A };
	struct dns_build b;

	for (size_t i = 0; i < 3; i++) {
		build_header(&b, 1, 0x8180, 1, 0, 0, 1);
		build_question(&b, "a.example", types[i]);
		build_bytes(&b, OWNER, 2);
		build_record(&b, DNS_A, 60, "\xc0\0\2\1", 4);
		assert_content(&b, i < 2 ? "192.0.2.1" : "", "", "");
	}
}

TEST(malformed_https_data_gives_nothing)
{
	struct dns_build b;

	HTTPS(&b, "\0\1");
	assert_content(&b, "", "a.example", "");
	HTTPS(&b, "\0\1\0" "\0\4\0\4\xc0\0\2\1" "\0\6\0");
	assert_content(&b, "", "a.example", "");
	HTTPS(&b, "\0\1\0" "\0\4\0\5\xc0\0\2\1");
	assert_content(&b, "", "a.example", "");
	HTTPS(&b, "\0\1\4cdn\0");
	assert_content(&b, "", "a.example", "");
}

/* public.example, twice; then a version that nobody knows, whose name does not count */
static const char three[] = "\0\1\0" "\0\5\0\x4f"
    "\0\x4d"
    "\xfe\x0d\0\x1b" "\7\0\x20\0\1K\0\4\0\1\0\1\0" "\x0bpub.example" "\0\0"
    "\xfe\x0d\0\x19" "\7\0\x20\0\1K\0\4\0\1\0\1\0" "\x09" "q.example" "\0\0"
    "\xfe\x0c\0\x0d" "\7\0\x20\0\1K\0\4\0\1\0\1\0";

TEST(ech_gives_the_public_name_of_every_known_configuration)
{
	struct dns_build b;

	HTTPS(&b, three);
	assert_content(&b, "", "a.example", "pub.example q.example");
}

/* Cut at any byte, with all lengths around it set right, the list gives only whole names. */
TEST(ech_list_cut_at_any_byte_gives_whole_names)
{
	char data[sizeof(three)];
	struct dns_build b;

	for (size_t len = 7; len < sizeof(three) - 1; len++) {
		memcpy(data, three, len);
		data[6] = (char)(len - 7);
		if (len >= 9)
			data[8] = (char)(len - 9);
		build_https(&b, data, len);
		assert_content(&b, "", "a.example", len >= 9 + 60 ? "pub.example q.example" :
		    len >= 9 + 31 ? "pub.example" : "");
	}
}

RUN_TESTS(NULL, NULL)
