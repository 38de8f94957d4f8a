/*
 * helper_capture.h - keeps the capture monitor running while the configuration wants it and a worker listens.
 *
 * Each monitor gets its own socket to the worker (IPC_CAPTURE). One that ends by a fault is started again (child.h).
 * One that can read no interface is started again when the configuration or this host's addresses change.
 *
 * Owner:   one in the helper.
 */
#pragma once

#include "conf/conf.h"
#include "helper/child.h"
#include "process/ipc.h"

struct helper_capture {
	struct child    child;
	struct role     role;
	struct ipc     *ipc;            /* of the worker; NULL: no monitor is to run */
	char            names[CONF_CAPTURE_MAX][16];    /* of role.interfaces */
	struct network *own;            /* this host's addresses when the monitor started */
	size_t          nown;
};

/* role: the user that the monitor becomes, and where it logs to. */
void helper_capture_init(struct helper_capture *, const struct role *);
/* A worker with this configuration is there; conf NULL: there is no worker. */
void helper_capture_set(struct helper_capture *, const struct conf *, struct ipc *);
/* Starts the monitor again if this host's addresses have changed, which it reads at its start. Call it regularly. */
void helper_capture_check(struct helper_capture *);
