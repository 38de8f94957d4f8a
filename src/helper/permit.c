#include "config.h"

#include "helper/permit.h"

#include "process/ipc.h"

/* A type without a row is never permitted. */
static const enum permit permits[IPC_TYPES][PHASES] = {
	/*                 starting    running     stopping */
	[IPC_READY]   = { PERMIT_YES, PERMIT_YES, PERMIT_LATE },
	[IPC_RELOAD]  = { PERMIT_NO,  PERMIT_YES, PERMIT_LATE },
	[IPC_PAUSE]   = { PERMIT_NO,  PERMIT_YES, PERMIT_LATE },
	[IPC_RESOLVE] = { PERMIT_NO,  PERMIT_YES, PERMIT_YES },
	[IPC_REFUSE]  = { PERMIT_NO,  PERMIT_YES, PERMIT_YES },
	[IPC_NATLOOK] = { PERMIT_NO,  PERMIT_YES, PERMIT_YES },
	[IPC_OWNER]   = { PERMIT_NO,  PERMIT_YES, PERMIT_YES },
	[IPC_LEARNED] = { PERMIT_NO,  PERMIT_YES, PERMIT_YES },
	[IPC_SOCKET]  = { PERMIT_NO,  PERMIT_YES, PERMIT_YES },
	[IPC_COUNT]   = { PERMIT_NO,  PERMIT_YES, PERMIT_YES },
};

enum permit
permit_check(enum permit_phase phase, uint32_t type)
{
	return type < IPC_TYPES && phase < PHASES ? permits[type][phase] : PERMIT_NO;
}

const char *
permit_phase_name(enum permit_phase phase)
{
	static const char *const names[PHASES] = { "starting", "running", "stopping" };

	return names[phase];
}
