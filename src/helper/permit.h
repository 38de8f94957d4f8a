/*
 * permit.h - the messages that the worker may send, by phase.
 *
 * A worker that sends another one has a fault or is in an attacker's hands, and the helper ends it.
 */
#pragma once

enum permit_phase {
	PHASE_STARTING,         /* until its first IPC_READY */
	PHASE_RUNNING,
	PHASE_STOPPING,         /* after IPC_STOP; flows under way still need answers */
	PHASES
};

enum permit {
	PERMIT_NO,
	PERMIT_YES,
	PERMIT_LATE             /* the worker may have sent it before it knew of the phase: drop it */
};

/* type: that of an arrived message; any number. */
enum permit permit_check(enum permit_phase, uint32_t type);
/* The name of a phase for the log: "starting". */
const char *permit_phase_name(enum permit_phase);
