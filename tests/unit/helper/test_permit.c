/*
 * What the worker may send in which phase: every type, in every phase.
 */
#include "config.h"

#include "../test.h"

#include "helper/permit.h"
#include "process/ipc.h"

#define NO   PERMIT_NO
#define YES  PERMIT_YES
#define LATE PERMIT_LATE

static const struct {
	enum ipc_type type;
	enum permit   starting, running, stopping;
} expected[] = {
	{ IPC_CONF,      NO,  NO,  NO },
	{ IPC_LISTENER,  NO,  NO,  NO },
	{ IPC_RESOLVERS, NO,  NO,  NO },
	{ IPC_PROXY,     NO,  NO,  NO },
	{ IPC_FAKE_IP,   NO,  NO,  NO },
	{ IPC_CAPTURE,   NO,  NO,  NO },
	{ IPC_COMMIT,    NO,  NO,  NO },
	{ IPC_STOP,      NO,  NO,  NO },
	{ IPC_SUMMARY,   NO,  NO,  NO },
	{ IPC_READY,     YES, YES, LATE },
	{ IPC_RESOLVE,   NO,  YES, YES },
	{ IPC_RELOAD,    NO,  YES, LATE },
	{ IPC_PAUSE,     NO,  YES, LATE },
	{ IPC_REFUSE,    NO,  YES, YES },
	{ IPC_NATLOOK,   NO,  YES, YES },
	{ IPC_OWNER,     NO,  YES, YES },
	{ IPC_LEARNED,   NO,  YES, YES },
	{ IPC_SOCKET,    NO,  YES, YES },
	{ IPC_COUNT,     NO,  YES, YES },
};

TEST(each_type_is_permitted_in_its_phases_only)
{
	assert_int_equal(sizeof(expected) / sizeof(expected[0]), IPC_TYPES - 1);
	for (size_t i = 0; i < sizeof(expected) / sizeof(expected[0]); i++) {
		assert_int_equal(expected[i].type, i + 1);
		assert_int_equal(permit_check(PHASE_STARTING, expected[i].type), expected[i].starting);
		assert_int_equal(permit_check(PHASE_RUNNING, expected[i].type), expected[i].running);
		assert_int_equal(permit_check(PHASE_STOPPING, expected[i].type), expected[i].stopping);
	}
}

TEST(a_number_that_is_no_type_is_never_permitted)
{
	const uint32_t numbers[] = { 0, IPC_TYPES, IPC_TYPES + 1, UINT32_MAX };

	for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++)
		for (enum permit_phase phase = PHASE_STARTING; phase < PHASES; phase++)
			assert_int_equal(permit_check(phase, numbers[i]), PERMIT_NO);
}

RUN_TESTS(NULL, NULL)
