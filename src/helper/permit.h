/*
 * permit.h - which messages the worker may send in which phase of its life.
 *
 * A worker that sends another one is broken or taken over, and is ended. The model is the monitor of OpenSSH, which
 * keeps flags for each request and clears them as the session goes on.
 */
#ifndef PFI_PERMIT_H
#define PFI_PERMIT_H

#include <stdint.h>

enum permit_phase {
	PHASE_STARTING,         /* until its first "ready" */
	PHASE_RUNNING,
	PHASE_STOPPING,         /* it was told to stop; flows under way may still ask */
	PHASES
};

enum permit {
	PERMIT_NO,
	PERMIT_YES,
	PERMIT_LATE             /* sent before it knew of the phase: drop the message */
};

/* type: of a message that has arrived; any number. */
enum permit permit_check(enum permit_phase, uint32_t type);
/* For the log: "starting". */
const char *permit_phase_name(enum permit_phase);

#endif
