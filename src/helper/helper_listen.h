/*
 * helper_listen.h - the sockets that redirected traffic arrives at, made with the privileges that
 *                   some systems ask for (transparent sockets, ports below 1024).
 *
 * The helper keeps no copy: a listener that outlives the worker would let connections hang.
 */
#ifndef PFI_HELPER_LISTEN_H
#define PFI_HELPER_LISTEN_H

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

/* Opens what conf asks for and held does not have; what held has appears with fd -1. An address that this
 * host lacks is left out with a warning. 0, or an errno value, logged with its cure, and nothing is open. */
int  helper_listen(const struct conf *, const struct helper_listeners *held, struct helper_listeners *out);
void helper_listen_close(struct helper_listeners *);

/* Gives what is open to the worker, and closes it here. 0 or an errno value. */
int  helper_listen_send(struct helper_listeners *, struct ipc *);

#endif
