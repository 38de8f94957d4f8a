/*
 * helper_state.h - what outlives the daemon: files in PFI_STATE_DIR, which belongs to root alone.
 *
 * Now one file, the map of dns.fake_ip (fake_ip.h). The helper opens it, the worker reads and writes it. A second
 * daemon finds it locked.
 *
 * Owner:   the helper keeps the descriptor to its end, for the next worker.
 */
#ifndef PFI_HELPER_STATE_H
#define PFI_HELPER_STATE_H

#include "conf/conf.h"
#include "process/ipc.h"

/* Gives the worker what conf needs. *fd: -1 at first. What fails is logged: the worker goes on without. */
void helper_state_send(int *fd, const struct conf *, struct ipc *);

#endif
