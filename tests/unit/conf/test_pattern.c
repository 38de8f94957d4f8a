#include "config.h"

#include "../test.h"

#include "base/host_name.h"
#include "conf/matcher.h"

/* The text that patterns are parsed from and point into. */
struct text { char bytes[320]; };

/* Of names beyond ASCII. */
static struct arena encoded;

static struct pattern
parsed(const char *text, struct text *buf)
{
	char error[512] = "";
	struct pattern p;

	assert_true(strlen(text) < sizeof(buf->bytes));
	strcpy(buf->bytes, text);
	if (pattern_parse(&encoded, buf->bytes, &p, error, sizeof(error)) != 0)
		fail_msg("%s", error);
	return p;
}

static bool
always(const void *arg, const struct conf_rule *rule)
{
	return true;
}

static bool
covers(const char *wide, const struct pattern *what)
{
	struct arena arena = { NULL };
	struct text buf;
	struct pattern p = parsed(wide, &buf);
	struct conf_rule rule = { .enabled = true, .patterns = &p, .npatterns = 1 };
	struct matcher *m = matcher_new(&arena, &rule, 1);
	bool found;

	assert_non_null(m);
	found = matcher_first(m, what, &rule + 1, always, NULL) == &rule;
	arena_free(&arena);
	return found;
}

static bool
name(const char *pattern, const char *host)
{
	return covers(pattern, &(struct pattern){ .kind = PATTERN_NAME, .len = (unsigned)strlen(host), .text = host });
}

static bool
address(const char *pattern, const char *text)
{
	struct pattern what = { .kind = PATTERN_NETWORK };

	assert_int_equal(network_parse(text, &what.network), 0);
	return covers(pattern, &what);
}

/* True when the first pattern matches everything that the second one does. */
static bool
contains(const char *wide, const char *narrow)
{
	struct text buf;
	struct pattern p = parsed(narrow, &buf);

	return covers(wide, &p);
}

static void
refused(const char *pattern, const char *fragment)
{
	char error[512] = "", text[320];
	struct pattern p;

	strcpy(text, pattern);
	if (pattern_parse(&encoded, text, &p, error, sizeof(error)) == 0)
		fail_msg("%s was accepted", pattern);
	if (strstr(error, fragment) == NULL)
		fail_msg("%s: %s lacks %s", pattern, error, fragment);
}

TEST(pattern_name_matches_exactly_that_name)
{
	assert_true(name("example.com", "example.com"));
	assert_false(name("example.com", "www.example.com"));
	assert_false(name("example.com", "example.co"));
	assert_false(name("example.com", "example.com.evil.org"));
	assert_false(name("example.com", "anexample.com"));
	assert_true(name("localhost", "localhost"));
	assert_true(name("_dmarc.example.com", "_dmarc.example.com"));
}

TEST(pattern_wildcard_matches_every_name_below_but_not_the_apex)
{
	assert_true(name("*.kion.cloud", "a.kion.cloud"));
	assert_true(name("*.kion.cloud", "a.b.c.kion.cloud"));
	assert_false(name("*.kion.cloud", "kion.cloud"));
	assert_false(name("*.kion.cloud", ".kion.cloud"));
	assert_false(name("*.kion.cloud", "evilkion.cloud"));
	assert_false(name("*.kion.cloud", "kion.cloud.evil.org"));
	assert_true(name("*.com", "example.com"));
}

TEST(pattern_with_a_dot_before_matches_the_name_and_every_name_below)
{
	assert_true(name(".kion.cloud", "kion.cloud"));
	assert_true(name(".kion.cloud", "a.kion.cloud"));
	assert_true(name(".kion.cloud", "a.b.c.kion.cloud"));
	assert_false(name(".kion.cloud", "evilkion.cloud"));
	assert_false(name(".kion.cloud", "cloud"));
	assert_false(name(".kion.cloud", "kion.cloud.evil.org"));
	assert_true(name(".com", "example.com"));
	assert_true(name(".com", "com"));
}

TEST(pattern_hyphens_and_underscores_may_stand_anywhere)
{
	assert_true(name("my-blog-.kion.cloud", "my-blog-.kion.cloud"));
	assert_true(name("*.kion.cloud", "a.-b.kion.cloud"));
	assert_true(name("*.-b.kion.cloud", "a.-b.kion.cloud"));
	assert_true(name("_x_.-.kion.cloud", "_x_.-.kion.cloud"));
	assert_true(name("-a-.*", "-a-.kion.cloud"));
}

TEST(pattern_prefix_matches_names_that_begin_with_it)
{
	assert_true(name("kion.*", "kion.cloud"));
	assert_true(name("kion.*", "kion.a.b"));
	assert_false(name("kion.*", "kion"));
	assert_false(name("kion.*", "kion."));
	assert_false(name("kion.*", "kionx.cloud"));
	assert_false(name("kion.*", "a.kion.cloud"));
	assert_true(name("a.b.*", "a.b.c"));
	assert_false(name("a.b.*", "a.c.b"));
}

TEST(pattern_is_kept_in_lower_case_without_final_dot)
{
	static const struct { const char *text, *kept; enum pattern_kind kind; } rows[] = {
		{ "Example.COM", "example.com", PATTERN_NAME }, { "example.com.", "example.com", PATTERN_NAME },
		{ "*.Kion.Cloud.", "kion.cloud", PATTERN_BELOW }, { "KION.*", "kion", PATTERN_PREFIX },
		{ " \tA.b\r\n", "a.b", PATTERN_NAME }, { ".Kion.Cloud.", "kion.cloud", PATTERN_TREE },
	};
	struct text buf;

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct pattern p = parsed(rows[i].text, &buf);

		assert_int_equal(p.kind, rows[i].kind);
		assert_string_equal(p.text, rows[i].kept);
		assert_int_equal(p.len, strlen(p.text));
	}
}

TEST(pattern_octets_match_addresses)
{
	assert_true(address("192.168.1.*", "192.168.1.0"));
	assert_true(address("192.168.1.*", "192.168.1.255"));
	assert_false(address("192.168.1.*", "192.168.2.1"));
	assert_true(address("192.168.*", "192.168.77.1"));
	assert_false(address("192.168.*", "192.169.0.1"));
	assert_true(address("10.*", "10.255.0.1"));
	assert_false(address("10.*", "100.1.1.1"));
	assert_false(name("10.*", "10.example.com"));
	assert_false(name("192.168.1.*", "192.168.1.7"));
}

TEST(pattern_networks_match_addresses)
{
	assert_true(address("10.0.0.0/8", "10.1.2.3"));
	assert_false(address("10.0.0.0/8", "11.0.0.0"));
	assert_true(address("172.16.0.0/12", "172.31.255.255"));
	assert_false(address("172.16.0.0/12", "172.32.0.0"));
	assert_true(address("2001:db8::/32", "2001:db8:1::1"));
	assert_false(address("2001:db8::/32", "2001:db9::1"));
	assert_true(address("0.0.0.0/0", "203.0.113.1"));
	assert_false(address("0.0.0.0/0", "2001:db8::1"));
	assert_true(address("192.0.2.1", "192.0.2.1"));
	assert_false(address("192.0.2.1", "192.0.2.2"));
	assert_true(address("2001:DB8::1", "2001:db8::1"));
}

TEST(pattern_star_matches_everything)
{
	assert_true(name("*", "example.com"));
	assert_true(address("*", "2001:db8::1"));
	assert_true(covers("*", &(struct pattern){ .kind = PATTERN_ANY }));
	assert_false(covers("0.0.0.0/0", &(struct pattern){ .kind = PATTERN_ANY }));
}

TEST(pattern_contains_a_narrower_one)
{
	static const struct { const char *wide, *narrow; bool contains; } rows[] = {
		{ "a.b", "a.b", true }, { "*.b", "a.b", true }, { "a.*", "a.b", true }, { "*", "a.b", true },
		{ "a.b", "*.b", false }, { "a.b", "c.a.b", false },
		{ "*.b", "*.b", true }, { "*.b", "*.a.b", true }, { "*.a.b", "*.b", false }, { "b.*", "*.b", false },
		{ "*.b", "*.ab", false }, { "b", "*.b", false }, { "*", "*.b", true },
		{ "a.*", "a.*", true }, { "a.*", "a.b.*", true }, { "a.b.*", "a.*", false }, { "*.a", "a.*", false },
		{ "a.*", "ab.*", false }, { "*", "a.*", true },
		{ "10.0.0.0/8", "10.1.*", true }, { "10.1.*", "10.0.0.0/8", false }, { "10.*", "10.0.0.0/8", true },
		{ "0.0.0.0/0", "2001:db8::/32", false }, { "::/0", "2001:db8::/32", true }, { "::/1", "2001:db8::1", true },
		{ "2001:db8::/33", "2001:db8:8000::1", false }, { "2001:db8::1", "2001:db8::1/128", true },
		{ ".b", ".b", true }, { ".b", "*.b", true }, { ".b", "b", true }, { ".b", "a.b", true }, { "*.b", ".b", false },
		{ "*.b", ".a.b", true }, { ".b", ".a.b", true }, { ".a.b", ".b", false }, { "b", ".b", false }, { "*", ".b", true },
		{ ".b", ".ab", false }, { "b.*", ".b", false },
		{ "*", "10.*", true }, { "10.*", "*", false }, { "*", "*", true },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		if (contains(rows[i].wide, rows[i].narrow) != rows[i].contains)
			fail_msg("%s and %s", rows[i].wide, rows[i].narrow);
}

TEST(pattern_refusals_tell_the_cure)
{
	static const struct { const char *text, *fragment; } rows[] = {
		{ "", "empty item" }, { " ", "empty item" }, { "a;b", "not a host name" }, { "a..", "not a host name" },
		{ "*.a..", "not a host name" }, { "*foo*", "* inside" }, { "a.*.b", "* inside" }, { "192.168.*.1", "* inside" },
		{ "*.a.*", "* inside" }, { "a*b", "* inside" }, { "**", "write * for everything" },
		{ "*.*", "write * for everything" }, { "*kion.cloud", "write *.kion.cloud" }, { "kion*", "write kion.*" },
		{ "fe80::*", "2001:db8::/32" }, { "*:db8::1", "2001:db8::/32" }, { "10.0.0.1/8", "write 10.0.0.0/8" },
		{ "2001:db8::1/32", "write 2001:db8::/32" }, { "10.0.0.0/33", "not a network" }, { "10.0.0.0/", "not a network" },
		{ "300.1.1.1", "not a network" }, { "1.2.3", "not a network" }, { "1.2.3.4:443", "without scheme, port or path" },
		{ "https://example.com", "without scheme, port or path" }, { "example.com/x", "without scheme, port or path" },
		{ "[::1", "not a network" }, { "1.2.3.4.*", "one to three numbers" }, { "256.*", "0 to 255" },
		{ "1..*", "0 to 255" }, { "*.168.1.1", "ends in a number" },
		{ "..a", "not a host name" }, { ".a.*", "not a host name" }, { ".*.a", "* inside" }, { ".192.0.2.1", "not a network" },
		{ "a b", "not a host name" }, { "a+b.example", "not a host name" }, { "a..b", "not a host name" }, { ".", "not a host name" },
		{ "*.a..b", "not a host name" }, { "a..*", "not a host name" },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		refused(rows[i].text, rows[i].fragment);
}

#ifdef PFI_LIBIDN2
TEST(pattern_beyond_ascii_is_the_name_that_dns_carries)
{
	static const struct { const char *text, *kept; enum pattern_kind kind; } rows[] = {
		{ "b\u00fccher.example", "xn--bcher-kva.example", PATTERN_NAME },
		{ " B\u00dcCHER.Example. ", "xn--bcher-kva.example", PATTERN_NAME },
		{ "bu\u0308cher.example", "xn--bcher-kva.example", PATTERN_NAME },
		{ "*.b\u00fccher.example", "xn--bcher-kva.example", PATTERN_BELOW },
		{ ".b\u00fccher.example", "xn--bcher-kva.example", PATTERN_TREE },
		{ "b\u00fccher.*", "xn--bcher-kva", PATTERN_PREFIX },
		{ "my-blog-.XN--BCHER-KVA.stra\u00dfe.example", "my-blog-.xn--bcher-kva.xn--strae-oqa.example", PATTERN_NAME },
		{ "\u65e5\u672c\u8a9e\u3002jp", "xn--wgv71a119e.jp", PATTERN_NAME },
		{ "\uff21\uff42.example", "ab.example", PATTERN_NAME },
	};
	struct text buf;

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct pattern p = parsed(rows[i].text, &buf);

		assert_int_equal(p.kind, rows[i].kind);
		assert_string_equal(p.text, rows[i].kept);
		assert_int_equal(p.len, strlen(p.text));
	}
	arena_free(&encoded);
}

TEST(pattern_beyond_ascii_that_no_name_can_have_is_refused_with_a_cure)
{
	char text[301];

	refused("b\xfc" "cher.example", "not UTF-8");
	refused("\u2603.example", "its xn-- form");
	refused("-\u00fc.example", "its xn-- form");
	refused("a/\u00fc", "its xn-- form");
	refused("\u00fc..example", "not a host name");
	refused("\u00fc:80", "its xn-- form");
	refused("\u00fc*.example", "xn-- form");
	memset(text, 'a', 300);
	strcpy(text + 298, "\u00fc");
	refused(text, "too long");
	for (size_t i = 49; i < 297; i += 50)
		text[i] = '.';
	refused(text, "too long");
}
#else
TEST(pattern_beyond_ascii_needs_libidn2)
{
	refused("b\u00fccher.example", "xn--");
}
#endif

TEST(host_names_have_labels_of_63_and_253_characters_at_most)
{
	char label[66], host[300] = "";

	memset(label, 'a', sizeof(label));
	label[63] = '\0';
	assert_true(host_is_valid(label));
	label[63] = 'a';
	label[64] = '\0';
	assert_false(host_is_valid(label));
	label[63] = '.';
	for (int i = 0; i < 3; i++)
		strcat(host, label);
	memset(host + 192, 'b', 61);
	host[253] = '\0';
	assert_true(host_is_valid(host));
	strcpy(host + 253, ".");
	assert_true(host_is_valid(host));
	strcpy(host + 253, "b");
	assert_false(host_is_valid(host));
}

TEST(host_names_are_letters_digits_hyphens_and_underscores)
{
	static const char *const good[] = { "a", "a.b", "A-1.example.", "_tcp._x.example", "1.2.3.4", "xn--bcher-kva.example",
	    "-a", "a-", "a-.b", "a.-b", "-", "_-_", "my-blog-.kion.cloud" };
	static const char *const bad[] = { "", ".", "..", "a..b", ".a", "a b", "a/b", "a:b", "*.a",
	    "b\xc3\xbc.example", "a\n", "a.." };

	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++)
		if (!host_is_valid(good[i]))
			fail_msg("%s refused", good[i]);
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		if (host_is_valid(bad[i]))
			fail_msg("%s accepted", bad[i]);
}

RUN_TESTS(NULL, NULL)
