/*
 * helper_control.h - the sockets of pfinterceptctl(8) and of the metrics, in directories where only root may create
 *                    them, the helper's answers to requests that arrive there, and the file of dns.fake_ip's map.
 *
 * Owner:   one in the helper, zero at first. The worker gets the listening sockets; the helper removes their files.
 * Errors:  a socket or file that cannot be made is left out with a warning, because interception matters more.
 */
#pragma once

#include "conf/conf.h"
#include "process/ipc.h"

struct helper_control {
	struct helper_control_socket {
		char       path[CONF_PATH_MAX + 1];     /* "": there is none */
		union addr addr;
		gid_t      group;
	} control, metrics;
};

/* Sends the worker the sockets of conf that it does not have. */
void helper_control_send(struct helper_control *, const struct conf *, struct ipc *);
/* The worker has ended, and its sockets with it: removes their files. */
void helper_control_close(struct helper_control *);

/* Answers a request of the worker with an error, or 0, and a line of text. */
void helper_control_reply(struct ipc *, const struct ipc_msg *request, int error, const char *text);

/* Chooses the networks of dns.fake_ip "auto" (fake_range.h), and saves the choice in PFI_STATE_DIR. */
void helper_control_choose_ranges(struct conf *);

/* Sends the worker the networks of dns.fake_ip, unless it is "off", and the file of the map (fake_ip.h), which outlives
 * the daemon in PFI_STATE_DIR. It is locked, so that a second daemon cannot use it. *fd: -1 at first; the helper keeps
 * it until it ends, for the next worker. */
void helper_control_send_map(int *fd, const struct conf *, struct ipc *);
