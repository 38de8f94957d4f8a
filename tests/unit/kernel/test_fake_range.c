/* fake_range: the networks of dns.fake_ip "auto" are clear of everything that the host has. */
#include "config.h"

#include "../test.h"
#include "kernel/fake_range.h"

static struct network taken[8], out[2];
static size_t ntaken;

static int
setup(void **state)
{
	ntaken = 0;
	return 0;
}

static void
take(const char *text)
{
	assert_int_equal(network_parse(text, &taken[ntaken++]), 0);
}

static void
expect(const struct network *kept, size_t nkept, const char *v4, const char *v6)
{
	char text[ADDR_TEXT_MAX];

	assert_int_equal(fake_range_choose(taken, ntaken, kept, nkept, out), (v4 != NULL) + (v6 != NULL));
	if (v4 != NULL)
		assert_string_equal(network_format(&out[0], text), v4);
	if (v6 != NULL)
		assert_string_equal(network_format(&out[v4 != NULL], text), v6);
}

TEST(network_for_measurements_comes_first)
{
	take("192.168.1.0/24");
	take("2001:db8::/64");
	expect(NULL, 0, "198.19.0.0/16", "fd19:8180:1f00::/112");
}

TEST(network_that_a_route_touches_is_left_alone)
{
	take("198.19.7.0/24");
	take("fd19:8180:1f00::/48");
	expect(NULL, 0, "198.18.0.0/16", "fd28:31c4:9e00::/112");
	take("198.0.0.0/8");
	expect(NULL, 0, "10.254.0.0/16", "fd28:31c4:9e00::/112");
	take("10.254.3.7/32");
	expect(NULL, 0, "172.30.0.0/16", "fd28:31c4:9e00::/112");
}

TEST(nothing_is_chosen_where_everything_is_taken)
{
	take("128.0.0.0/2");
	take("192.0.0.0/2");
	take("0.0.0.0/2");
	take("64.0.0.0/2");
	take("fc00::/7");
	expect(NULL, 0, NULL, NULL);
}

TEST(choice_of_last_time_stays_while_it_is_clear)
{
	struct network kept;

	assert_int_equal(network_parse("172.30.0.0/16", &kept), 0);
	expect(&kept, 1, "172.30.0.0/16", "fd19:8180:1f00::/112");
	take("172.16.0.0/12");
	expect(&kept, 1, "198.19.0.0/16", "fd19:8180:1f00::/112");
}

TEST(own_networks_are_no_obstacle_to_a_choice)
{
	struct conf conf = { .dns.fake_ip_mode = FAKE_IP_AUTO };

	assert_int_equal(fake_range_set(&conf), 0);
	assert_int_equal(conf.dns.nfake_ip, 2);
	assert_false(fake_range_taken(&conf));
	arena_free(&conf.arena);
	conf = (struct conf){ .dns.fake_ip_mode = FAKE_IP_OFF };
	assert_int_equal(fake_range_set(&conf), 0);
	assert_int_equal(conf.dns.nfake_ip, 0);
}

TEST(networks_of_the_configuration_are_left_alone)
{
	struct conf conf = { .dns.fake_ip_mode = FAKE_IP_AUTO };
	union addr server;
	char text[ADDR_TEXT_MAX];

	assert_int_equal(fake_range_set(&conf), 0);
	addr_from_bytes(&server, conf.dns.fake_ip[0].family, conf.dns.fake_ip[0].bytes, 53);
	network_format(&conf.dns.fake_ip[0], text);
	conf.dns.servers = &server;
	conf.dns.nservers = 1;
	assert_true(fake_range_taken(&conf));
	assert_int_equal(fake_range_set(&conf), 0);
	assert_string_not_equal(network_format(&conf.dns.fake_ip[0], (char[ADDR_TEXT_MAX]){ 0 }), text);
	assert_false(fake_range_taken(&conf));
	arena_free(&conf.arena);
}

RUN_TESTS(setup, NULL)
