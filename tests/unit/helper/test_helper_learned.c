/*
 * The helper's list of learned addresses, over a firewall that remembers what it was given.
 */
#include "config.h"

#include "../test.h"
#include "../clock.h"
#include "../quiet_log.h"
#include "helper/helper_learned.h"

#define SET_MAX 8192

static struct {
	struct helper_learned t;
		union addr            set[SET_MAX];     /* what the firewall has */
	size_t                nset;
	unsigned              transactions;
	int                   error;            /* what it says */
	unsigned              refused;          /* bits: these of the next transactions fail with EBUSY */
	struct ipc_msg        answers[128];
	size_t                nanswers;
} fx;

int
ipc_send(struct ipc *ipc, const struct ipc_msg *msg, int fd)
{
	assert_ptr_equal(ipc, &fx);
	assert_int_equal(fd, -1);
	fx.answers[fx.nanswers++] = *msg;
	return 0;
}

static size_t
set_find(const union addr *addr)
{
	size_t i = 0;

	while (i < fx.nset && !addr_equal(&fx.set[i], addr))
		i++;
	return i;
}

/* The firewall. */
int
anchor_learn(struct anchor *a, bool add, const union addr *list, size_t n)
{
	const bool refused = fx.transactions < 32 && (fx.refused >> fx.transactions & 1) != 0;
	const int error = refused ? EBUSY : fx.error;

	assert_ptr_equal(a, &fx);
	assert_in_range(n, 1, ANCHOR_LEARN_MAX);
	fx.transactions++;
	for (size_t i = 0; i < n && error == 0; i++) {
		const size_t at = set_find(&list[i]);

		if (add) {
			fx.nset += at == fx.nset;
			fx.set[at] = list[i];
		} else if (at < fx.nset) {
			fx.set[at] = fx.set[--fx.nset];
		}
	}
	return error;
}

static int
setup(void **state)
{
	memset(&fx, 0, sizeof(fx));
	memset(&quiet_log, 0, sizeof(quiet_log));
	assert_non_null(ev_default_loop(0));
	helper_learned_init(&fx.t);
	fx.t.anchor = (struct anchor *)&fx;
	fx.t.max = 1000;
	helper_learned_loaded(&fx.t, true, true);
	return 0;
}

static int
teardown(void **state)
{
	helper_learned_free(&fx.t);
	assert_int_equal(ev_pending_count(EV_DEFAULT), 0);
	return 0;
}

static union addr
address(const char *text)
{
	union addr addr;

	assert_int_equal(addr_parse(text, 0, &addr), 0);
	return addr;
}

static void
ask(uint32_t id, const char *text)
{
	struct ipc_msg msg = { .type = IPC_LEARNED, .id = id, .learned = { 1, { address(text) } } };

	helper_learned_serve(&fx.t, (struct ipc *)&fx, &msg);
}

static bool
has(const char *text)
{
	const union addr addr = address(text);

	return set_find(&addr) < fx.nset;
}

static void
never(const char *text)
{
	struct network_set set = { .count = 0 };
	struct network net;

	assert_int_equal(network_parse(text, &net), 0);
	assert_int_equal(network_set_add(&set, &net), 0);
	network_set_close(&set);
	helper_learned_skip(&fx.t, &set);
}

TEST(what_is_asked_together_goes_in_together_and_is_answered_then)
{
	struct ipc_msg msg = { .type = IPC_LEARNED, .id = 7,
		.learned = { 3, { address("192.0.2.1"), address("2001:db8::1"), address("192.0.2.1") } } };

	helper_learned_serve(&fx.t, (struct ipc *)&fx, &msg);
	assert_int_equal(fx.transactions, 1);
	assert_int_equal(fx.nset, 2);
	assert_true(has("192.0.2.1") && has("2001:db8::1"));
	assert_int_equal(fx.nanswers, 1);
	assert_int_equal(fx.answers[0].id, 7);
	assert_int_equal(fx.answers[0].error, 0);
}

TEST(what_is_known_costs_nothing_and_stays)
{
	ask(1, "192.0.2.1");
	ask(2, "192.0.2.1");
	assert_int_equal(fx.nanswers, 2);
	clock_advance(EV_DEFAULT, 1e7);
	assert_int_equal(fx.transactions, 1);
	assert_true(has("192.0.2.1"));
}

TEST(the_oldest_makes_room)
{
	fx.t.max = 2;
	ask(1, "192.0.2.1");
	ask(2, "192.0.2.2");
	ask(3, "192.0.2.1");
	ask(4, "192.0.2.3");
	assert_int_equal(fx.nset, 2);
	assert_true(has("192.0.2.1") && has("192.0.2.3"));
	fx.t.max = 1;
	ask(5, "192.0.2.4");
	ask(6, "192.0.2.5");
	ask(7, "192.0.2.4");
	assert_true(has("192.0.2.4"));
	assert_false(has("192.0.2.5"));
}

TEST(what_is_never_intercepted_does_not_get_in)
{
	struct ipc_msg odd = { .type = IPC_LEARNED, .id = 5, .learned = { .count = 3 } };

	never("10.0.0.0/8");
	ask(1, "10.1.2.3");
	ask(2, "192.0.2.1");
	odd.learned.addrs[0] = address("::ffff:10.1.2.3");
	odd.learned.addrs[1].sa.sa_family = 77;
	odd.learned.addrs[2] = address("::ffff:192.0.2.9");
	addr_set_port(&odd.learned.addrs[2], 80);
	helper_learned_serve(&fx.t, (struct ipc *)&fx, &odd);
	assert_int_equal(fx.nanswers, 3);
	assert_int_equal(fx.nset, 2);
	assert_true(has("192.0.2.1") && has("192.0.2.9"));
}

TEST(what_is_never_intercepted_from_now_on_leaves)
{
	ask(1, "10.1.2.3");
	ask(2, "192.0.2.1");
	never("10.0.0.0/8");
	assert_int_equal(fx.nset, 1);
	assert_true(has("192.0.2.1"));
}

/* As when the table was removed, or the rules were gone meanwhile. */
TEST(what_is_known_is_there_again_with_the_rules)
{
	ask(1, "192.0.2.1");
	fx.nset = 0;
	helper_learned_loaded(&fx.t, true, true);
	assert_true(has("192.0.2.1"));
	helper_learned_loaded(&fx.t, false, true);
	assert_int_equal(fx.nset, 0);
	ask(2, "192.0.2.2");
	assert_int_equal(fx.answers[1].error, 0);
	assert_int_equal(fx.nset, 0);
	helper_learned_loaded(&fx.t, true, true);
	assert_int_equal(fx.nset, 2);
}

TEST(another_mode_forgets_everything)
{
	ask(1, "192.0.2.1");
	helper_learned_loaded(&fx.t, false, false);
	assert_int_equal(fx.nset, 0);
	helper_learned_loaded(&fx.t, true, true);
	assert_int_equal(fx.nset, 0);
}

/* Asks for 5,000 addresses, which take three transactions. */
static void
ask_for_many(void)
{
	char text[32];

	fx.t.max = 5000;
	for (unsigned i = 0; i < 5000; i++) {
		snprintf(text, sizeof(text), "192.0.%u.%u", i / 256, i % 256);
		ask(i + 1, text);
		fx.nanswers = 0;
	}
	assert_int_equal(fx.nset, 5000);
	fx.transactions = 0;
}

TEST(a_thousand_go_in_a_few_steps)
{
	ask_for_many();
	fx.nset = 0;
	helper_learned_loaded(&fx.t, true, true);
	assert_int_equal(fx.nset, 5000);
	assert_int_equal(fx.transactions, 3);
	never("192.0.0.0/16");
	assert_int_equal(fx.nset, 0);
	assert_int_equal(fx.transactions, 6);
}

/* The firewall refuses some of the transactions (bits of refused) by which a load gives it all addresses. lost: one of the
 * addresses that it refuses. */
static void
check_refused(unsigned refused, size_t taken, const char *lost)
{
	ask_for_many();
	fx.nset = 0;
	fx.refused = refused;
	helper_learned_loaded(&fx.t, true, true);
	assert_int_equal(fx.transactions, 3);
	assert_int_equal(fx.nset, taken);
	assert_int_equal(quiet_log.warnings, 1);
	assert_non_null(strstr(quiet_log.last, strerror(EBUSY)));
	assert_false(has(lost));
	ask(1, lost); /* the next DNS answer */
	assert_int_equal(fx.answers[0].error, 0);
	assert_true(has(lost));
	clock_advance(EV_DEFAULT, 6);
	assert_int_equal(fx.nset, 5000);
	assert_int_equal(quiet_log.warnings, 1);
	assert_non_null(strstr(quiet_log.last, "all learned addresses"));
	fx.transactions = 0;
	fx.refused = 0;
	ask(2, lost);
	clock_advance(EV_DEFAULT, 6);
	assert_int_equal(fx.transactions, 0); /* known by now */
}

TEST(a_refused_first_batch_is_reported_and_tried_again)
{
	check_refused(1, 5000 - ANCHOR_LEARN_MAX, "192.0.0.0");
}

TEST(a_refused_batch_in_the_middle_is_reported_and_tried_again)
{
	check_refused(2, 5000 - ANCHOR_LEARN_MAX, "192.0.8.0");
}

TEST(a_refusal_of_all_batches_is_reported_and_tried_again)
{
	check_refused(7, 0, "192.0.19.0");
}

TEST(a_refusal_that_lasts_is_answered_each_time_and_logged_once)
{
	ask(1, "192.0.2.1");
	fx.error = EBUSY;
	helper_learned_loaded(&fx.t, true, true);
	for (uint32_t i = 1; i < 4; i++) {
		ask(i, "192.0.2.1");
		assert_int_equal(fx.answers[i].error, EBUSY);
		clock_advance(EV_DEFAULT, 6);
	}
	assert_int_equal(quiet_log.warnings, 1);
}

TEST(an_address_that_could_not_be_removed_is_removed_later)
{
	ask(1, "10.1.2.3");
	ask(2, "10.1.2.4");
	fx.error = EBUSY;
	never("10.0.0.0/8");
	clock_advance(EV_DEFAULT, 30);
	ask(3, "10.1.2.3");
	assert_int_equal(fx.nset, 2);
	fx.error = 0;
	clock_advance(EV_DEFAULT, 6);
	assert_int_equal(fx.nset, 0);
	assert_null(fx.t.known);
	assert_false(ev_is_active(&fx.t.tick));
}

/* Else its connections would go direct, while one address too many in the set only costs a detour. */
TEST(a_new_address_does_not_wait_for_the_oldest_to_be_removed)
{
	fx.t.max = 1;
	ask(1, "192.0.2.1");
	fx.refused = 1u << fx.transactions;
	ask(2, "192.0.2.2");
	assert_int_equal(fx.answers[1].error, 0);
	assert_true(has("192.0.2.1") && has("192.0.2.2"));
	ask(3, "192.0.2.3");
	assert_int_equal(fx.nset, 2);
	assert_false(has("192.0.2.1"));
}

TEST(a_list_that_cannot_shrink_has_an_end)
{
	char text[32];

	fx.t.max = 1;
	for (unsigned i = 0; i <= 1 + ANCHOR_LEARN_MAX; i++) {
		fx.error = EBUSY;
		snprintf(text, sizeof(text), "10.0.%u.%u", i / 256, i % 256);
		fx.nanswers = 0;
		ask(i + 1, text);
		assert_int_equal(fx.answers[0].error, EBUSY);
	}
	assert_non_null(fx.t.known);
	fx.error = 0;
	clock_advance(EV_DEFAULT, 6);
	assert_int_equal(fx.nset, 1 + ANCHOR_LEARN_MAX);
}

TEST(a_failure_is_answered_and_tried_again)
{
	fx.error = ENOSPC;
	ask(1, "192.0.2.1");
	assert_int_equal(fx.answers[0].error, ENOSPC);
	fx.error = 0;
	ask(2, "192.0.2.1");
	assert_int_equal(fx.answers[1].error, 0);
	assert_true(has("192.0.2.1"));
}

RUN_TESTS(setup, teardown)
