/* fake_ip: which address a name has, who gives one up, and what a file remembers. */
#include "config.h"

#include <sys/resource.h>

#include <signal.h>

#include "worker/name/fake_ip.h"
#include "worker/name/fake_slot.h"
#include "../test.h"
#include "../quiet_log.h"

#define HOLD (FAKE_IP_TTL_S + FAKE_IP_GRACE_S)
#define HOLD_UNUSED (FAKE_IP_TTL_S + FAKE_IP_UNUSED_S)

static struct fake_ip *f;
static int file = -1;
/* up to two ranges */
static void
ranges(const char *a, const char *b, double now)
{
	struct network nets[2];
	size_t n = 0;

	if (a != NULL)
		assert_int_equal(network_parse(a, &nets[n++]), 0);
	if (b != NULL)
		assert_int_equal(network_parse(b, &nets[n++]), 0);
	assert_int_equal(fake_ip_set_ranges(f, nets, n, now), 0);
}

static union addr
at(const char *text)
{
	union addr addr;

	assert_int_equal(addr_parse(text, 4711, &addr), 0);
	return addr;
}

/* Static memory. NULL: an error, left in errno. */
static const char *
assign(const char *host, int family, double now)
{
	static char text[2][ADDR_TEXT_MAX];
	static unsigned which;
	union addr addr;

	errno = fake_ip_assign(f, host, family, now, &addr);
	return errno == 0 ? addr_format_ip(&addr, text[which++ % 2]) : NULL;
}

static const char *
host_at(const char *text)
{
	const union addr addr = at(text);
	const char *host = fake_ip_lookup(f, &addr);

	return host != NULL ? host : "-";
}

static int
set_up(void **state)
{
	f = fake_ip_new();
	memset(&quiet_log, 0, sizeof(quiet_log));
	return f == NULL;
}

static int
tear_down(void **state)
{
	fake_ip_free(f);
	if (file != -1)
		close(file);
	file = -1;
	return 0;
}

/* As when the daemon starts again: a new map, the same file. */
static void
restart(void)
{
	fake_ip_free(f);
	f = fake_ip_new();
	assert_non_null(f);
	fake_ip_set_file(f, dup(file));
}

static void
with_file(void)
{
	char name[] = "/tmp/test_fake_ip.XXXXXX";

	file = mkstemp(name);
	assert_true(file != -1);
	unlink(name);
	fake_ip_set_file(f, dup(file));
}

TEST(fake_ip_is_off_without_ranges)
{
	const union addr addr = at("198.18.0.1");

	assert_false(fake_ip_covers(f, &addr));
	assert_null(assign("a.example", AF_INET, 0));
	assert_int_equal(errno, ENOENT);
	assert_string_equal(host_at("198.18.0.1"), "-");
}

TEST(fake_ip_gives_a_name_one_index_in_both_families)
{
	ranges("198.18.0.0/15", "fd7a:115c:a1e0::/112", 0);
	assert_string_equal(assign("a.example", AF_INET, 0), "198.18.0.1");
	assert_string_equal(assign("b.example", AF_INET6, 0), "fd7a:115c:a1e0::2");
	assert_string_equal(assign("b.example", AF_INET, 1), "198.18.0.2");
	assert_string_equal(assign("a.example", AF_INET6, 1), "fd7a:115c:a1e0::1");
	assert_string_equal(host_at("198.18.0.1"), "a.example");
	assert_string_equal(host_at("fd7a:115c:a1e0::2"), "b.example");
}

TEST(fake_ip_has_no_address_in_a_family_without_range)
{
	ranges("198.18.0.0/15", NULL, 0);
	assert_null(assign("a.example", AF_INET6, 0));
	assert_int_equal(errno, ENOENT);
}

TEST(fake_ip_covers_its_ranges_and_knows_nothing_beside_its_names)
{
	const union addr in = at("198.19.255.255"), out = at("198.20.0.0"), in6 = at("fd00::ffff"), out6 = at("fd00::1:0");

	ranges("198.18.0.0/15", "fd00::/112", 0);
	assert_string_equal(assign("a.example", AF_INET, 0), "198.18.0.1");
	assert_true(fake_ip_covers(f, &in));
	assert_false(fake_ip_covers(f, &out));
	assert_true(fake_ip_covers(f, &in6));
	assert_false(fake_ip_covers(f, &out6));
	assert_string_equal(host_at("198.18.0.0"), "-");
	assert_string_equal(host_at("198.18.0.2"), "-");
	assert_string_equal(host_at("198.19.0.1"), "-");        /* the same low 16 bits */
	assert_string_equal(host_at("198.19.255.255"), "-");
	assert_string_equal(host_at("fd00::"), "-");
}

/* Every address but the first and the last, and never one twice. */
TEST(fake_ip_uses_a_whole_range)
{
	char host[32];

	ranges("10.1.2.0/24", NULL, 0);
	for (int i = 1; i <= 254; i++) {
		snprintf(host, sizeof(host), "h%d.example", i);
		assert_non_null(assign(host, AF_INET, 0));
	}
	assert_string_equal(host_at("10.1.2.1"), "h1.example");
	assert_string_equal(host_at("10.1.2.254"), "h254.example");
	assert_null(assign("more.example", AF_INET, 0));
	assert_int_equal(errno, ENOSPC);
	assert_int_equal(quiet_log.warnings, 1);
}

TEST(fake_ip_bounds_the_names_of_a_large_range)
{
	char host[32];

	ranges("10.0.0.0/8", "fd00::/64", 0);
	for (int i = 1; i <= FAKE_IP_NAMES; i++) {
		snprintf(host, sizeof(host), "h%d.example", i);
		assert_non_null(assign(host, AF_INET, 0));
	}
	assert_string_equal(host_at("10.0.255.254"), "h65534.example");
	assert_string_equal(host_at("fd00::fffe"), "h65534.example");
	assert_null(assign("more.example", AF_INET, 0));
}

/* 10.0.0.1 and 10.0.0.2 */
static void
fill_two(void)
{
	ranges("10.0.0.0/30", NULL, 0);
	assert_string_equal(assign("a.example", AF_INET, 0), "10.0.0.1");
	assert_string_equal(assign("b.example", AF_INET, 1), "10.0.0.2");
}

/* A flow to the address comes and goes. */
static void
flow(const char *address, double now)
{
	const union addr addr = at(address);

	fake_ip_leave(f, fake_ip_enter(f, &addr, now), now);
}

TEST(fake_ip_takes_names_without_a_flow_first)
{
	fill_two();
	flow("10.0.0.1", 2);
	assert_null(assign("c.example", AF_INET, HOLD_UNUSED));
	assert_string_equal(assign("c.example", AF_INET, 1 + HOLD_UNUSED), "10.0.0.2");
	flow("10.0.0.2", 1 + HOLD_UNUSED);
	assert_null(assign("d.example", AF_INET, 1 + HOLD));
	assert_string_equal(assign("d.example", AF_INET, 2 + HOLD), "10.0.0.1");
	assert_string_equal(assign("e.example", AF_INET, 2 * HOLD), "10.0.0.1");        /* although it is newer */
	assert_string_equal(host_at("10.0.0.2"), "c.example");
}

TEST(fake_ip_file_knows_which_names_had_a_flow)
{
	with_file();
	fill_two();
	flow("10.0.0.1", 2);
	restart();
	ranges("10.0.0.0/30", NULL, 3);
	assert_string_equal(assign("c.example", AF_INET, 2 * HOLD_UNUSED), "10.0.0.2");
	assert_null(assign("d.example", AF_INET, 2 * HOLD_UNUSED));
}

TEST(fake_ip_keeps_an_address_for_its_name_until_ttl_and_grace_are_over)
{
	fill_two();
	flow("10.0.0.1", 0);
	flow("10.0.0.2", 1);
	assert_null(assign("c.example", AF_INET, HOLD - 1));
	assert_int_equal(errno, ENOSPC);
	assert_string_equal(host_at("10.0.0.1"), "a.example");
	assert_string_equal(assign("c.example", AF_INET, HOLD), "10.0.0.1");
	assert_string_equal(host_at("10.0.0.1"), "c.example");
	assert_null(assign("a.example", AF_INET, HOLD));
}

TEST(fake_ip_takes_the_address_that_was_used_least_recently)
{
	fill_two();
	assert_string_equal(assign("a.example", AF_INET, 2), "10.0.0.1");
	assert_string_equal(assign("c.example", AF_INET, 2 * HOLD), "10.0.0.2");
	assert_string_equal(host_at("10.0.0.1"), "a.example");
}

TEST(fake_ip_never_takes_an_address_from_a_live_flow)
{
	const union addr one = at("10.0.0.1"), two = at("10.0.0.2");
	struct fake_name *a, *again, *b;

	fill_two();
	a = fake_ip_enter(f, &one, 10);
	again = fake_ip_enter(f, &one, 10);
	b = fake_ip_enter(f, &two, 10);
	assert_non_null(a);
	assert_ptr_equal(a, again);
	assert_string_equal(fake_name_host(b), "b.example");
	assert_null(assign("c.example", AF_INET, 10 * HOLD));
	fake_ip_leave(f, again, 11 * HOLD);
	fake_ip_leave(f, b, 11 * HOLD);
	assert_null(assign("c.example", AF_INET, 12 * HOLD - 1));
	assert_string_equal(assign("c.example", AF_INET, 12 * HOLD), "10.0.0.2");
	assert_string_equal(host_at("10.0.0.1"), "a.example");
	fake_ip_leave(f, a, 12 * HOLD);
}

TEST(fake_ip_gives_addresses_again_after_the_clock_was_set_back)
{
	ranges("10.0.0.0/30", NULL, 0);
	assert_non_null(assign("a.example", AF_INET, 1e6));
	assert_non_null(assign("b.example", AF_INET, 1e6));
	assert_null(assign("c.example", AF_INET, 1000));
	assert_string_equal(assign("c.example", AF_INET, 1000 + HOLD), "10.0.0.1");
}

TEST(fake_ip_forgets_names_with_their_ranges_but_not_under_a_flow)
{
	const union addr one = at("10.0.0.1");
	struct fake_name *a;

	fill_two();
	a = fake_ip_enter(f, &one, 1);
	ranges("10.0.0.0/30", NULL, 2);
	assert_false(fake_name_is_stale(a));
	ranges("10.0.0.0/29", NULL, 2);
	assert_true(fake_name_is_stale(a));
	assert_string_equal(fake_name_host(a), "a.example");
	assert_string_equal(host_at("10.0.0.1"), "-");
	assert_null(fake_ip_enter(f, &one, 2));
	assert_string_equal(assign("x.example", AF_INET, 2), "10.0.0.1");
	fake_ip_leave(f, a, 3);
	assert_string_equal(host_at("10.0.0.1"), "x.example");
}

TEST(fake_ip_file_brings_names_back_after_a_restart)
{
	with_file();
	ranges("198.18.0.0/15", "fd00::/112", 100);
	assert_non_null(assign("a.example", AF_INET, 100));
	assert_non_null(assign("b.example", AF_INET6, 100));
	restart();
	ranges("198.18.0.0/15", "fd00::/112", 200);
	assert_string_equal(host_at("198.18.0.1"), "a.example");
	assert_string_equal(host_at("fd00::2"), "b.example");
	assert_string_equal(assign("b.example", AF_INET, 200), "198.18.0.2");
	assert_string_equal(assign("c.example", AF_INET, 200), "198.18.0.3");
}

TEST(fake_ip_file_keeps_the_order_of_use_and_the_grace)
{
	with_file();
	fill_two();
	flow("10.0.0.1", 0);
	flow("10.0.0.2", 1);
	assert_non_null(assign("a.example", AF_INET, 300));
	restart();
	ranges("10.0.0.0/30", NULL, 310);
	assert_null(assign("c.example", AF_INET, HOLD));
	assert_string_equal(assign("c.example", AF_INET, 2 * HOLD), "10.0.0.2");
	restart();
	ranges("10.0.0.0/30", NULL, 2 * HOLD);
	assert_string_equal(host_at("10.0.0.1"), "a.example");
	assert_string_equal(host_at("10.0.0.2"), "c.example");
}

TEST(fake_ip_file_does_not_count_for_other_ranges)
{
	with_file();
	ranges("198.18.0.0/15", NULL, 0);
	assert_non_null(assign("a.example", AF_INET, 0));
	restart();
	ranges("198.18.0.0/16", NULL, 0);
	assert_string_equal(host_at("198.18.0.1"), "-");
	restart();
	ranges("198.18.0.0/15", "fd00::/112", 0);
	assert_string_equal(host_at("198.18.0.1"), "-");
	restart();
	ranges("198.18.0.0/15", NULL, 0);
	assert_string_equal(host_at("198.18.0.1"), "a.example");
}

/* One byte of the second slot is another, at every place. */
TEST(fake_ip_file_leaves_a_torn_slot_out)
{
	uint8_t byte;

	with_file();
	ranges("198.18.0.0/15", NULL, 0);
	assert_non_null(assign("a.example", AF_INET, 0));
	assert_non_null(assign("b.example", AF_INET, 0));
	assert_non_null(assign("c.example", AF_INET, 0));
	for (off_t i = FAKE_SLOT_SIZE; i < 2 * FAKE_SLOT_SIZE; i++) {
		assert_int_equal(pread(file, &byte, 1, i), 1);
		byte ^= 1;
		assert_int_equal(pwrite(file, &byte, 1, i), 1);
		restart();
		ranges("198.18.0.0/15", NULL, 0);
		assert_string_equal(host_at("198.18.0.1"), "a.example");
		assert_string_equal(host_at("198.18.0.2"), "-");
		assert_string_equal(host_at("198.18.0.3"), "c.example");
		byte ^= 1;
		assert_int_equal(pwrite(file, &byte, 1, i), 1);
	}
	assert_int_equal(ftruncate(file, FAKE_SLOT_SIZE + 100), 0);
	restart();
	ranges("198.18.0.0/15", NULL, 0);
	assert_string_equal(host_at("198.18.0.1"), "a.example");
	assert_string_equal(host_at("198.18.0.2"), "-");
	assert_string_equal(assign("d.example", AF_INET, 0), "198.18.0.2");
}

/* A slot that stands in another's place is none. */
TEST(fake_ip_file_leaves_a_slot_out_of_place_out)
{
	uint8_t slot[FAKE_SLOT_SIZE];

	with_file();
	ranges("198.18.0.0/15", NULL, 0);
	assert_non_null(assign("a.example", AF_INET, 0));
	assert_int_equal(pread(file, slot, sizeof(slot), 0), sizeof(slot));
	assert_int_equal(pwrite(file, slot, sizeof(slot), 7 * FAKE_SLOT_SIZE), sizeof(slot));
	memset(slot, 0, sizeof(slot));
	assert_int_equal(pwrite(file, slot, sizeof(slot), 0), sizeof(slot));
	restart();
	ranges("198.18.0.0/15", NULL, 0);
	assert_string_equal(host_at("198.18.0.8"), "-");
}

TEST(fake_ip_file_is_written_when_a_use_is_a_minute_old)
{
	with_file();
	fill_two();
	for (double now = 0; now < 2 * HOLD; now += 5)
		assert_non_null(assign("a.example", AF_INET, now));
	restart();
	ranges("10.0.0.0/30", NULL, 2 * HOLD);
	assert_string_equal(assign("c.example", AF_INET, 2 * HOLD), "10.0.0.2");
	assert_null(assign("d.example", AF_INET, 2 * HOLD));
}

/* What cannot be written is not found again, and neither is what stands there from before. */
TEST(fake_ip_goes_on_in_memory_when_the_file_fails)
{
	const struct rlimit one_slot = { FAKE_SLOT_SIZE, RLIM_INFINITY };
	struct rlimit before;

	with_file();
	ranges("198.18.0.0/15", NULL, 0);
	assert_int_equal(getrlimit(RLIMIT_FSIZE, &before), 0);
	signal(SIGXFSZ, SIG_IGN);
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &one_slot), 0);
	assert_non_null(assign("a.example", AF_INET, 0));
	assert_int_equal(quiet_log.warnings, 0);
	assert_string_equal(assign("b.example", AF_INET, 0), "198.18.0.2");
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &before), 0);
	assert_int_equal(quiet_log.warnings, 1);
	assert_string_equal(host_at("198.18.0.2"), "b.example");
	assert_string_equal(assign("c.example", AF_INET, 0), "198.18.0.3");
	assert_int_equal(lseek(file, 0, SEEK_END), 0);
}

TEST(fake_ip_file_of_garbage_is_empty)
{
	uint8_t noise[4096];

	with_file();
	for (size_t i = 0; i < sizeof(noise); i++)
		noise[i] = (uint8_t)(i * 197 >> 3);
	assert_int_equal(pwrite(file, noise, sizeof(noise), 0), sizeof(noise));
	ranges("198.18.0.0/15", NULL, 0);
	assert_string_equal(assign("a.example", AF_INET, 0), "198.18.0.1");
	restart();
	ranges("198.18.0.0/15", NULL, 0);
	assert_string_equal(host_at("198.18.0.1"), "a.example");
}

RUN_TESTS(set_up, tear_down)
