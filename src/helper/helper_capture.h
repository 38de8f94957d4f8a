/*
 * helper_capture.h - keeps the capture monitor running while the configuration wants it and a worker listens.
 *
 * Each one gets a socket of its own to the worker (IPC_CAPTURE). One that ends by a fault is started again, later each
 * time; one that can read nothing when the configuration or this host's addresses change.
 *
 * Owner:   one in the helper.
 */
#ifndef PFI_HELPER_CAPTURE_H
#define PFI_HELPER_CAPTURE_H

#include "conf/conf.h"
#include "helper/child.h"
#include "process/ipc.h"

struct helper_capture {
	struct child    child;
	struct role     role;
	struct ipc     *ipc;            /* NULL: it is not to run */
	char            names[CONF_CAPTURE_MAX][16];    /* of role.interfaces */
	struct network *own;            /* this host's addresses when it began */
	size_t          nown;
};

/* role: the user that the monitor becomes, and where it logs to. */
void helper_capture_init(struct helper_capture *, const struct role *);
/* A worker has this configuration now; conf NULL: there is no worker. */
void helper_capture_set(struct helper_capture *, const struct conf *, struct ipc *);
/* From time to time: the monitor must know this host's addresses. */
void helper_capture_check(struct helper_capture *);

#endif
