#include "config.h"

#include "../test.h"
#include "../dns_exact.h"
#include "wire/dns_content.h"
#include "worker/dns/dns_learn.h"
#include "worker/name/learned.h"
#include "worker/upstream/policy.h"

#define OWNER "\xc0\x0c"

static struct conf *conf;
static struct policy policy;
static struct names *names;
static struct worker_env env;
static unsigned wanted;
static struct dns_lesson lesson;
static struct dns_build msg;
static uint8_t *left;
static struct dns_answer rest;

int
learned_want(struct learned *t, const union addr *addr, void (*done)(void *), void *arg)
{
	assert_null(done);
	wanted++;
	return 0;
}

static int
set_up(void **state)
{
	names = names_new(100);
	env = (struct worker_env){ .names = names, .policy = &policy };
	wanted = 0;
	return 0;
}

static int
tear_down(void **state)
{
	conf_free(conf);
	names_free(names);
	conf = NULL;
	return 0;
}

static void
rules(const char *members)
{
	static struct conf_report report;
	char text[1024];

	snprintf(text, sizeof(text), "{\"proxies\":[{\"id\":1,\"host\":\"gate.tracker.example\",\"port\":1,"
	    "\"proxy_type\":\"Socks5\"},{\"id\":2,\"host\":\"192.0.2.7\",\"port\":1,\"proxy_type\":\"Socks5\"}],%s}",
	    members);
	memset(&report, 0, sizeof(report));
	conf_free(conf);
	conf = conf_parse("conf", text, strlen(text), &report);
	if (conf == NULL)
		fail_msg("%s", report.error);
	policy = (struct policy){ .conf = conf };
}

/* Takes the answer in msg. After 0, the rest of it is at *left, with rest.end bytes. */
static int
take(const char *name, unsigned type)
{
	static uint8_t out[DNS_MESSAGE_MAX];
	const struct dns_query q = query_for(name, type);

	left = msg.bytes;
	assert_int_equal(parse_answer(msg.bytes, msg.len, 1, &q, &rest), 0);
	lesson = (struct dns_lesson){ .env = &env, .name = name };
	return dns_lesson_take(&lesson, &left, &rest, out);
}

/* An answer with a CNAME for each alias, and one address at the end. */
static void
chain(const char *name, const char *const *aliases)
{
	size_t n = 0;

	while (aliases[n] != NULL)
		n++;
	build_header(&msg, 1, 0x8180, 1, (unsigned)n + 1, 0, 0);
	build_question(&msg, name, DNS_A);
	for (size_t i = 0; i <= n; i++) {
		build_name(&msg, i == 0 ? name : aliases[i - 1]);
		if (i == n) {
			build_record(&msg, DNS_A, 60, "\xc0\0\2\1", 4);
		} else {
			struct dns_build data = { .len = 0 };

			build_name(&data, aliases[i]);
			build_record(&msg, 5, 60, data.bytes, data.len);
		}
	}
	take(name, DNS_A);
}
#define CHAIN(name, ...) chain((name), (const char *const[]){ __VA_ARGS__, NULL })

/* The names of 192.0.2.1, with their rank. Teaches it first, as for an answer that is passed on. */
static const char *
learned(void)
{
	static char text[1024];
	union addr addr;

	addr_from_bytes(&addr, AF_INET, "\xc0\0\2\1", 0);
	if (lesson.blocked.action != ACTION_BLOCK)
		dns_lesson_address(&lesson, &addr);
	text[0] = '\0';
	for (const struct name *name = names_of_addr(names, &addr); name != NULL; name = name_next_of_addr(name)) {
		strcat(strcat(text, name_text(name)), "=");
		strcat(strcat(text, action_name(name_rank(name))), " ");
	}
	return text;
}

TEST(a_blocked_alias_blocks_the_answer)
{
	rules("\"rules\":[{\"id\":1,\"pattern\":\"*.shop.example\",\"proxy_id\":1},"
	    "{\"id\":2,\"pattern\":\"*.tracker.example\",\"action\":\"block\"}]");
	CHAIN("metrics.shop.example", "a.cdn.net", "x.tracker.example", "y.cdn.net");
	assert_int_equal(lesson.blocked.action, ACTION_BLOCK);
	assert_int_equal(lesson.blocked.rule->id, 2);
	/* who has the address from elsewhere is blocked, too */
	assert_int_equal(wanted, 1);
	assert_string_equal(learned(), "x.tracker.example=block metrics.shop.example=proxy ");
	CHAIN("metrics.shop.example", "a.cdn.net");
	assert_int_equal(lesson.blocked.action, ACTION_DIRECT);
	/* the name of a proxy goes direct, whatever it is an alias of */
	CHAIN("gate.tracker.example", "x.tracker.example");
	assert_int_equal(lesson.blocked.action, ACTION_DIRECT);
}

TEST(the_address_belongs_to_every_alias_that_a_rule_catches)
{
	rules("\"rules\":[{\"id\":1,\"pattern\":\"*.kion.cloud\",\"proxy_id\":1},"
	    "{\"id\":2,\"pattern\":\"*.mail.example\",\"action\":\"block\",\"ports\":\"25\"}]");
	CHAIN("www.example", "a.cdn.net", "B.Kion.Cloud", "x.mail.example");
	assert_int_equal(lesson.blocked.action, ACTION_DIRECT);
	assert_int_equal(lesson.strictest, ACTION_BLOCK);
	assert_string_equal(learned(), "x.mail.example=block b.kion.cloud=proxy www.example=direct ");
}

TEST(what_catches_every_name_says_nothing_of_an_alias)
{
	static const char *const all[] = { "\"rules\":[{\"id\":1,\"pattern\":\"*.ok.example\",\"action\":\"direct\"}],"
	    "\"default_action\":\"block\"", "\"rules\":[{\"id\":1,\"pattern\":\"*.ok.example\",\"action\":\"direct\"},"
	    "{\"id\":2,\"pattern\":\"*\",\"action\":\"block\"}]" };

	for (size_t i = 0; i < 2; i++) {
		rules(all[i]);
		CHAIN("www.ok.example", "a.cdn.net");
		assert_int_equal(lesson.blocked.action, ACTION_DIRECT);
		assert_int_equal(lesson.strictest, ACTION_DIRECT);
		assert_string_equal(learned(), "www.ok.example=direct ");
	}
}

TEST(more_aliases_than_fit_are_noticed)
{
	char text[DNS_LEARN_ALIASES + 2][32];
	const char *list[DNS_LEARN_ALIASES + 2] = { NULL };

	rules("\"rules\":[{\"id\":1,\"pattern\":\"*.kion.cloud\",\"proxy_id\":1}]");
	for (size_t i = 0; i <= DNS_LEARN_ALIASES; i++) {
		snprintf(text[i], sizeof(text[i]), "a%zu.kion.cloud", i);
		list[i] = text[i];
		chain("www.example", list);
		assert_int_equal(lesson.full, i == DNS_LEARN_ALIASES);
	}
}

static void
count(void *arg, const union addr *addr, uint32_t ttl)
{
	++*(unsigned *)arg;
}

/* How many of 40 addresses are left in the answer. */
static unsigned
left_of_40(const char *name)
{
	unsigned n = 0;

	build_header(&msg, 1, 0x8180, 1, 40, 0, 0);
	build_question(&msg, name, DNS_A);
	for (uint8_t i = 0; i < 40; i++) {
		build_bytes(&msg, OWNER, 2);
		build_record(&msg, DNS_A, 60, (uint8_t[]){ 192, 0, 2, i }, 4);
	}
	assert_int_equal(take(name, DNS_A), 0);
	dns_answer_addresses(left, rest.end, count, &n);
	return n;
}

TEST(only_answers_that_a_rule_can_catch_are_cut_to_32_addresses)
{
	rules("\"rules\":[{\"id\":1,\"pattern\":\"*.kion.cloud\",\"proxy_id\":1,\"ports\":\"22\"}]");
	assert_int_equal(left_of_40("a.kion.cloud"), DNS_LEARN_ADDRESSES);
	assert_int_equal(left_of_40("a.example"), 40);
	rules("\"rules\":[],\"default_action\":\"block\"");
	assert_int_equal(left_of_40("a.example"), DNS_LEARN_ADDRESSES);
}

/* The bytes of data that are left of an HTTPS record with this data; 0: the record has gone. */
static size_t
https(const char *name, const char *data, size_t size)
{
	build_header(&msg, 1, 0x8180, 1, 1, 0, 0);
	build_question(&msg, name, DNS_HTTPS);
	build_bytes(&msg, OWNER, 2);
	build_record(&msg, DNS_HTTPS, 60, data, size);
	assert_int_equal(take(name, DNS_HTTPS), 0);
	return rest.answers > 0 ? rest.end - (msg.len - size) : 0;
}

/* With the public name of NAME_LEN bytes, which must be 11. */
#define ECH(name) "\0\1\0" "\0\5\0\x21\0\x1f\xfe\x0d\0\x1b" "\7\0\x20\0\1K\0\4\0\1\0\1\0" "\x0b" name "\0\0"

TEST(ech_is_stripped_from_names_that_a_rule_can_catch_unless_it_is_kept)
{
	static const char ech[] = ECH("Pub.example");
	rules("\"rules\":[{\"id\":1,\"pattern\":\"*.kion.cloud\",\"proxy_id\":1}]");
	assert_int_equal(https("a.kion.cloud", ech, sizeof(ech) - 1), 3);
	assert_int_equal(https("a.example", ech, sizeof(ech) - 1), sizeof(ech) - 1);
	rules("\"rules\":[{\"id\":1,\"pattern\":\"*.kion.cloud\",\"proxy_id\":1}],\"dns\":{\"ech\":\"keep\"}");
	assert_int_equal(https("a.kion.cloud", ech, sizeof(ech) - 1), sizeof(ech) - 1);
	assert_true(names_is_outer(names, "pub.example"));
	assert_false(names_is_outer(names, "kion.cloud"));
}

/* Else anybody's record could take a name out of others' hellos. */
TEST(a_public_name_that_a_rule_catches_counts_for_hosts_of_that_rule_only)
{
	static const char ech[] = ECH("a.mine.test"), other[] = ECH("b.mine.test");
	rules("\"rules\":[{\"id\":1,\"pattern\":\"*.mine.test\",\"proxy_id\":1},"
	    "{\"id\":2,\"pattern\":\"*.other.test\",\"proxy_id\":2}]");
	https("evil.example", ech, sizeof(ech) - 1);
	https("evil.other.test", ech, sizeof(ech) - 1);
	assert_false(names_is_outer(names, "a.mine.test"));
	https("c.mine.test", ech, sizeof(ech) - 1);
	assert_true(names_is_outer(names, "a.mine.test"));
	rules("\"rules\":[{\"id\":1,\"pattern\":\"*.mine.test\",\"action\":\"direct\"}],\"default_action\":\"block\"");
	https("evil.example", other, sizeof(other) - 1);
	assert_true(names_is_outer(names, "b.mine.test"));
}

TEST(https_records_that_lead_to_a_name_of_another_rule_go)
{
	rules("\"rules\":[{\"id\":1,\"pattern\":\"*.kion.cloud\",\"proxy_id\":1}]");
	assert_int_equal(https("a.kion.cloud", "\0\0\3cdn\3net\0", 11), 0);
	assert_int_equal(https("a.kion.cloud", "\0\1\3cdn\4kion\5cloud\0", 18), 18);
	assert_int_equal(https("a.example", "\0\0\3cdn\3net\0", 11), 11);
}

RUN_TESTS(set_up, tear_down)
