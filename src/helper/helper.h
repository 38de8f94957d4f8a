/*
 * helper.h - the privileged process: loads and removes the anchor, opens the listeners, keeps the
 *            worker running and tells it the configuration.
 *
 * It answers the few fixed requests of ipc.h, and takes no text from the worker.
 */
#ifndef PFI_HELPER_H
#define PFI_HELPER_H

#include "conf/conf_file.h"
#include "process/role.h"

struct helper_start {
	const char  *file;              /* read again on SIGHUP */
	struct conf_texts texts;        /* of the configuration; taken over */
	struct conf *conf;              /* the same, parsed; taken over */
	struct role  role;              /* the user of the worker and the monitor, and where they log to */
	int          ready_fd;          /* one byte is written and it is closed when traffic is intercepted; -1 */
};

/* Runs until SIGTERM or SIGINT; gives the exit status. */
int helper_run(const struct helper_start *);

#endif
