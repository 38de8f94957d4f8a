/*
 * test.h - cmocka, and tests that register themselves. A program has one file with tests; they run in its order.
 *
 *   TEST(rule_wildcard_does_not_match_apex)
 *   {
 *           assert_...
 *   }
 *
 *   RUN_TESTS(set_up, tear_down)           both around each test; or NULL
 */
#ifndef TEST_H
#define TEST_H

#include <setjmp.h>
#include <stdarg.h>
#include <unistd.h>

#include <cmocka.h>

#define TESTS_MAX 64

static struct CMUnitTest test_list[TESTS_MAX] __attribute__((unused));
static size_t test_count __attribute__((unused));

#define TEST(name) \
	static void name(void **); \
	__attribute__((constructor)) static void \
	register_##name(void) \
	{ \
		if (test_count == TESTS_MAX) \
			abort(); \
		test_list[test_count++] = (struct CMUnitTest)cmocka_unit_test(name); \
	} \
	static void name(void **state)

/* For a main() of one's own. The number of tests that failed. */
static inline int
tests_run(CMFixtureFunction set_up, CMFixtureFunction tear_down)
{
	for (size_t i = 0; i < test_count; i++) {
		test_list[i].setup_func = set_up;
		test_list[i].teardown_func = tear_down;
	}
	return cmocka_run_group_tests(test_list, NULL, NULL);
}

#define RUN_TESTS(set_up, tear_down) \
	int \
	main(void) \
	{ \
		return tests_run(set_up, tear_down); \
	}

#endif
