/*
 * helper_state.h - the file of dns.fake_ip's map (fake_ip.h), which outlives the daemon in PFI_STATE_DIR.
 *
 * The helper opens and locks it, so that a second daemon cannot use it; the worker reads and writes it.
 *
 * Owner:   the helper keeps the descriptor until it ends, for the next worker.
 * Errors:  logged; the worker goes on without the file.
 */
#pragma once

#include "conf/conf.h"
#include "process/ipc.h"

/* Sends the worker the file if conf has networks for dns.fake_ip. *fd: -1 at first. */
void helper_state_send(int *fd, const struct conf *, struct ipc *);
