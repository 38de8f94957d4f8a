/* Who makes room: floods of questions that nobody answers, and the look-ups of others meanwhile. Times are made up. */
#include "config.h"

#include "../test.h"
#include "worker/dns/dns_share.h"

#define MAX     1000u
#define RATE    3000            /* of a flood, in a second */
#define SECONDS 5
#define SLOW_S  0.6             /* of the other's look-ups */
#define TIMEOUT_S 5.0

enum { FLOOD = 20000, OTHERS = 600 };

static struct dns_shares shares;
static struct dns_place flood[FLOOD], others[OTHERS];
static unsigned dropped, dropped_others, refused, refused_others;
static double now;

static void
drop(struct dns_place *p)
{
	dns_place_give(&shares, p);
	if (p >= others && p < others + OTHERS)
		dropped_others++;
	else
		dropped++;
}

static int
set_up(void **state)
{
	memset(flood, 0, sizeof(flood));
	memset(others, 0, sizeof(others));
	dropped = dropped_others = refused = refused_others = 0;
	shares = (struct dns_shares){ .drop = drop };
	now = 1000;
	return 0;
}

static int
tear_down(void **state)
{
	for (unsigned i = 0; i < FLOOD; i++)
		dns_place_give(&shares, &flood[i]);
	for (unsigned i = 0; i < OTHERS; i++)
		dns_place_give(&shares, &others[i]);
	dns_shares_clear(&shares);
	assert_null(shares.table);
	return 0;
}

static struct dns_name
name_of(const char *label, unsigned i, const char *zone)
{
	struct dns_name n = { 0 };
	char first[16];
	const char *const labels[] = { first, zone, "example" };

	snprintf(first, sizeof(first), "%s%u", label, i);
	for (unsigned k = 0; k < 3; k++) {
		n.wire[n.len++] = (uint8_t)strlen(labels[k]);
		memcpy(n.wire + n.len, labels[k], strlen(labels[k]));
		n.len += strlen(labels[k]);
	}
	n.wire[n.len++] = 0;
	return n;
}

static int
take(struct dns_place *p, const char *client, const char *server, const struct dns_name *name)
{
	union addr c, s;
	const struct dns_place_request r = { &c, &s, NULL, name };

	assert_int_equal(addr_parse(client, 4000, &c), 0);
	assert_int_equal(addr_parse(server, 53, &s), 0);
	return dns_place_take(&shares, p, &r, MAX, now);
}

/* What makes the ith question of a flood. */
typedef int flood_take(struct dns_place *, unsigned i);

/* A flood that is never answered, beside a look-up each 10 ms that is answered after SLOW_S. */
static void
flood_for_a_while(flood_take *ask, const char *other)
{
	const unsigned n = RATE * SECONDS, each = RATE / 100;
	unsigned done = 0, asked = 0;
	struct dns_name name;

	/* the resolver has answered before */
	name = name_of("o", 0, "known");
	assert_int_equal(take(&others[asked], other, "192.0.2.53", &name), 0);
	dns_place_answered(&shares, &others[asked], now);
	dns_place_give(&shares, &others[asked++]);
	done = 1;
	for (unsigned i = 0; i < n; i++) {
		refused += ask(&flood[i], i) != 0;
		if (i >= RATE * TIMEOUT_S)
			dns_place_give(&shares, &flood[i - (unsigned)(RATE * TIMEOUT_S)]);
		now += 1.0 / RATE;
		if (i % each != 0)
			continue;
		name = name_of("o", asked, "other");
		refused_others += take(&others[asked++], other, "192.0.2.53", &name) != 0;
		for (; done + (unsigned)(100 * SLOW_S) < asked; done++) {
			if (others[done].taken)
				dns_place_answered(&shares, &others[done], now);
			dns_place_give(&shares, &others[done]);
		}
	}
	assert_true(asked > 400);
	assert_int_equal(dropped_others, 0);
	assert_int_equal(refused_others, 0);
	assert_true(dropped > 0);
}

static int
ask_dead_server(struct dns_place *p, unsigned i)
{
	const struct dns_name name = name_of("x", i, i % 2 == 0 ? "a" : "b");

	return take(p, "127.0.0.1", "198.51.100.99", &name);
}

TEST(flood_to_a_dead_server_leaves_others_alone)
{
	flood_for_a_while(ask_dead_server, "127.0.0.1");
}

static int
ask_dead_zone(struct dns_place *p, unsigned i)
{
	struct dns_name name = name_of("x", i, "dead");

	return take(p, "127.0.0.1", "192.0.2.53", &name);
}

/* Below one domain, at the resolver that all use. */
TEST(flood_of_names_leaves_other_names_alone)
{
	struct dns_name name;

	flood_for_a_while(ask_dead_zone, "127.0.0.1");
	/* "other.example" and "dead.example" share no two labels; look-ups below the flooded one are its own */
	name = name_of("victim", 1, "dead");
	assert_int_equal(take(&flood[FLOOD - 1], "127.0.0.1", "192.0.2.53", &name), 0);
}

static int
ask_dying_server(struct dns_place *p, unsigned i)
{
	const int error = ask_dead_server(p, i);

	if (i == 0)
		dns_place_answered(&shares, p, now);
	return error;
}

TEST(flood_to_a_server_that_has_died_leaves_others_alone)
{
	flood_for_a_while(ask_dying_server, "127.0.0.1");
}

static int
ask_many_servers(struct dns_place *p, unsigned i)
{
	const struct dns_name name = name_of("x", i, "dead");
	char server[32];

	snprintf(server, sizeof(server), "198.18.%u.%u", i / 250 % 250, i % 250 + 1);
	return take(p, "127.0.0.1", server, &name);
}

TEST(flood_to_many_dead_servers_leaves_others_alone)
{
	flood_for_a_while(ask_many_servers, "127.0.0.1");
}

static int
ask_from_another_host(struct dns_place *p, unsigned i)
{
	char zone[16];
	struct dns_name name;

	snprintf(zone, sizeof(zone), "z%u", i);
	name = name_of("x", i, zone);
	return take(p, "203.0.113.9", "192.0.2.53", &name);
}

TEST(flood_of_one_host_leaves_other_hosts_alone)
{
	flood_for_a_while(ask_from_another_host, "203.0.113.10");
}

TEST(half_of_the_places_are_for_whoever_comes)
{
	for (unsigned i = 0; i < MAX / 2; i++)
		assert_int_equal(ask_dead_server(&flood[i], i), 0);
	now += 10;
	assert_int_equal(dropped, 0);
	assert_int_equal(ask_dead_server(&flood[MAX / 2], 0), 0);
	assert_int_equal(dropped, 1);
	assert_false(flood[0].taken);
}

TEST(nobody_is_dropped_who_has_just_come)
{
	for (unsigned i = 0; i < MAX; i++)
		assert_int_equal(ask_dead_server(&flood[i], i), 0);
	assert_int_equal(ask_dead_server(&flood[MAX], 0), EBUSY);
	assert_int_equal(dropped, 0);
}

TEST(own_resolver_may_ask_for_all)
{
	char zone[16];
	struct dns_name name;

	for (unsigned i = 0; i < MAX * 9 / 10; i++) {
		snprintf(zone, sizeof(zone), "z%u", i);
		name = name_of("x", i, zone);
		assert_int_equal(take(&flood[i], "127.0.0.1", "192.0.2.53", &name), 0);
		if (i % 50 == 0)
			dns_place_answered(&shares, &flood[i], now);
		now += 0.01;
	}
	assert_int_equal(dropped, 0);
}

TEST(place_may_be_given_twice)
{
	assert_int_equal(ask_dead_server(&flood[0], 0), 0);
	dns_place_give(&shares, &flood[0]);
	dns_place_give(&shares, &flood[0]);
}

RUN_TESTS(set_up, tear_down)
