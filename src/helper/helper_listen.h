/*
 * helper_listen.h - the sockets that redirected traffic arrives at. Root opens them, because some systems reserve
 *                   transparent sockets and ports below 1024 for it.
 *
 * Owner:   the helper opens them, sends them to the worker and keeps no copy: a listener that outlives the worker would
 *          let connections hang.
 */
#pragma once

#include "conf/conf.h"
#include "process/ipc.h"

#define HELPER_LISTENERS (CONF_LISTEN_MAX * 4)

struct helper_listener {
	enum ipc_listener_kind kind;
	union addr             addr;
	int                    fd;      /* -1: the worker has it */
};

struct helper_listeners {
	struct helper_listener list[HELPER_LISTENERS];
	size_t                 count;
};

/* Opens the listeners of conf that are not in held; those of held appear in out with fd -1. An address that this host
 * does not have is left out with a warning. 0, or an errno value: it was logged with its cure, and nothing is open. */
int  helper_listen(const struct conf *, const struct helper_listeners *held, struct helper_listeners *out);
void helper_listen_close(struct helper_listeners *);

/* Sends the open listeners to the worker and closes them here. 0 or an errno value. */
int  helper_listen_send(struct helper_listeners *, struct ipc *);
