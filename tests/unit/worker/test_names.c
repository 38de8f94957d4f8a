#include "config.h"

#include "../test.h"

#include "worker/name/names.h"

static struct names *n;

static int
setup(void **state)
{
	n = names_new(1000);
	return n == NULL;
}

static int
teardown(void **state)
{
	names_free(n);
	return 0;
}

static union addr
ip(const char *text)
{
	union addr a;

	assert_int_equal(addr_parse(text, 53, &a), 0);
	return a;
}

static void
learn(const char *addr, const char *text, enum action rank)
{
	const union addr a = ip(addr);

	assert_int_equal(names_learn(n, &a, text, rank), 0);
}

/* "b.example a.example" */
static const char *
names_at(const char *addr)
{
	static char all[65536];
	union addr a = ip(addr);

	addr_set_port(&a, 443);
	all[0] = '\0';
	for (const struct name *name = names_of_addr(n, &a); name != NULL; name = name_next_of_addr(name)) {
		strcat(all, all[0] != '\0' ? " " : "");
		strcat(all, name_text(name));
	}
	return all;
}

static const char *
addrs_of(const char *text)
{
	static char all[4096];
	char one[ADDR_TEXT_MAX];
	union addr a;

	all[0] = '\0';
	for (const struct name *name = names_of_host(n, text); name != NULL; name = name_next_of_host(name)) {
		name_addr(name, &a);
		strcat(all, all[0] != '\0' ? " " : "");
		strcat(all, addr_format_ip(&a, one));
	}
	return all;
}

TEST(an_address_has_all_its_names_the_latest_first)
{
	assert_string_equal(names_at("192.0.2.1"), "");
	learn("192.0.2.1", "a.example", ACTION_DIRECT);
	learn("192.0.2.1", "b.example", ACTION_PROXY);
	learn("192.0.2.1", "c.example", ACTION_DIRECT);
	learn("2001:db8::1", "b.example", ACTION_PROXY);
	assert_string_equal(names_at("192.0.2.1"), "c.example b.example a.example");
	learn("192.0.2.1", "a.example", ACTION_DIRECT);
	assert_string_equal(names_at("192.0.2.1"), "a.example c.example b.example");
	assert_int_equal(names_count(n), 4);
	assert_string_equal(names_at("2001:db8::1"), "b.example");
}

TEST(a_name_has_all_its_addresses)
{
	learn("192.0.2.1", "a.example", ACTION_DIRECT);
	learn("2001:db8::1", "a.example", ACTION_DIRECT);
	learn("192.0.2.2", "b.example", ACTION_DIRECT);
	assert_string_equal(addrs_of("a.example"), "192.0.2.1 2001:db8::1");
	assert_string_equal(addrs_of("c.example"), "");
}

TEST(the_lowest_rank_goes_first_then_the_oldest)
{
	names_set_max(n, 3);
	learn("192.0.2.1", "blocked.example", ACTION_BLOCK);
	learn("192.0.2.2", "proxied.example", ACTION_PROXY);
	for (int i = 0; i < 100; i++) {
		char text[32];

		snprintf(text, sizeof(text), "%d.example", i);
		learn("192.0.2.3", text, ACTION_DIRECT);
	}
	assert_string_equal(names_at("192.0.2.1"), "blocked.example");
	assert_string_equal(names_at("192.0.2.2"), "proxied.example");
	assert_string_equal(names_at("192.0.2.3"), "99.example");
	learn("192.0.2.4", "two.example", ACTION_PROXY);
	learn("192.0.2.5", "three.example", ACTION_PROXY);
	assert_string_equal(names_at("192.0.2.3"), "");
	assert_string_equal(names_at("192.0.2.2"), "");
	assert_string_equal(names_at("192.0.2.1"), "blocked.example");
	names_set_max(n, 1);
	assert_string_equal(names_at("192.0.2.1"), "blocked.example");
	assert_string_equal(names_at("192.0.2.5"), "");
}

TEST(many_names_of_an_address_leave_those_of_a_higher_rank)
{
	learn("192.0.2.1", "proxied.example", ACTION_PROXY);
	for (int i = 0; i < 2 * NAMES_PER_ADDRESS; i++) {
		char text[32];

		snprintf(text, sizeof(text), "%d.example", i);
		learn("192.0.2.1", text, ACTION_DIRECT);
	}
	assert_int_equal(names_count(n), NAMES_PER_ADDRESS);
	assert_non_null(strstr(names_at("192.0.2.1"), "proxied.example"));
	assert_null(strstr(names_at("192.0.2.1"), " 0.example"));
	assert_int_equal(strncmp(names_at("192.0.2.1"), "511.example 510.", 16), 0);
}

TEST(no_room_keeps_nothing)
{
	names_set_max(n, 0);
	learn("192.0.2.1", "a.example", ACTION_BLOCK);
	assert_int_equal(names_count(n), 0);
}

static enum action
rank_again(const void *arg, const char *text)
{
	return strcmp(text, arg) == 0 ? ACTION_BLOCK : ACTION_DIRECT;
}

static void
count_rank(void *arg, const struct name *name)
{
	((unsigned *)arg)[name_rank(name)]++;
}

TEST(ranks_follow_the_rules)
{
	unsigned ranks[ACTION_BLOCK + 1] = { 0 };

	learn("192.0.2.1", "a.example", ACTION_DIRECT);
	learn("192.0.2.2", "a.example", ACTION_DIRECT);
	learn("192.0.2.3", "b.example", ACTION_PROXY);
	names_rank(n, rank_again, "a.example");
	names_each(n, count_rank, ranks);
	assert_int_equal(ranks[ACTION_BLOCK], 2);
	assert_int_equal(ranks[ACTION_PROXY], 0);
	names_set_max(n, 2);
	assert_string_equal(addrs_of("a.example"), "192.0.2.1 192.0.2.2");
}

TEST(public_names_of_proxied_hosts_are_not_pushed_out_by_others)
{
	assert_int_equal(names_learn_outer(n, "public.example", ACTION_PROXY), 0);
	for (int i = 0; i < 2 * NAMES_OUTER; i++) {
		char text[32];

		snprintf(text, sizeof(text), "%d.example", i);
		assert_int_equal(names_learn_outer(n, text, ACTION_DIRECT), 0);
	}
	assert_int_equal(names_learn_outer(n, "public.example", ACTION_DIRECT), 0);
	assert_true(names_is_outer(n, "public.example"));
	assert_false(names_is_outer(n, "0.example"));
	assert_true(names_is_outer(n, "8191.example"));
}

RUN_TESTS(setup, teardown)
