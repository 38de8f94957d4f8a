/*
 * helper_control.h - the sockets of pfinterceptctl(8) and of the metrics, which only root can make where they belong,
 *                    and the helper's answers to what is asked there.
 *
 * A socket that cannot be made is left out with a warning: interception matters more.
 *
 * Owner:   one in the helper, zero at first. The worker gets the listening sockets; their files are ours to remove.
 */
#ifndef PFI_HELPER_CONTROL_H
#define PFI_HELPER_CONTROL_H

#include "conf/conf.h"
#include "process/ipc.h"

struct helper_control {
	struct helper_control_socket {
		char       path[CONF_PATH_MAX + 1];     /* "": none is there */
		union addr addr;
		gid_t      group;
	} control, metrics;
};

/* Hands the worker what conf asks for, as far as it does not have it. */
void helper_control_send(struct helper_control *, const struct conf *, struct ipc *);
/* The worker is gone, and its sockets with it. */
void helper_control_close(struct helper_control *);

/* Answers a request with a line of text. */
void helper_control_reply(struct ipc *, const struct ipc_msg *request, int error, const char *text);

#endif
