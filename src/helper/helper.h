/*
 * helper.h - the process of root: loads and removes the anchor, opens the listeners, keeps the worker running and sends
 *            it the configuration.
 *
 * It serves the fixed requests of ipc.h, each in the phases that permit.h allows, and takes no text from the worker.
 *
 * Owner:   helper_run() takes over the configuration and its texts, and frees both.
 * Errors:  logged; the exit status tells whether the daemon worked.
 */
#pragma once

#include "conf/conf_file.h"
#include "process/role.h"

struct helper_start {
	const char  *file;              /* read again on SIGHUP */
	struct conf_texts texts;        /* of the configuration; taken over */
	struct conf *conf;              /* the same, parsed; taken over */
	struct role  role;              /* the user of the worker and the monitor, and where they log to */
	int          ready_fd;          /* gets one byte when traffic is intercepted, and is closed; -1: none */
};

/* Runs until SIGTERM or SIGINT. Returns the exit status. */
int helper_run(const struct helper_start *);
