/*
 * pf_state.h - what outlives a process: the note on disk of what was changed, and pf's states of
 *              intercepted flows.
 *
 * The note, one for each anchor, lets a start after a crash release what the earlier run held (on macOS a reference to the enabled
 * pf, which no crash gives back).
 *
 * Errors:  0 or an errno value.
 */
#ifndef PFI_PF_STATE_H
#define PFI_PF_STATE_H

#include "kernel/pf/pf_system.h"

int  pf_state_save(const struct pf_env *, const char *anchor, const struct anchor_restore *);
/* ENOENT: there is none. EINVAL: it is not ours to read. */
int  pf_state_load(const struct pf_env *, const char *anchor, struct anchor_restore *);
void pf_state_drop(const struct pf_env *, const char *anchor);
/* There is a note, and the process that wrote it is gone. */
bool pf_state_is_stale(const struct pf_env *, const char *anchor);
/* Does another daemon run, with another anchor? *sum gets its share of what was changed for both: the last
 * one puts it back. */
bool pf_state_others(const struct pf_env *, const char *anchor, struct anchor_restore *sum);

/* Ends the states of intercepted flows. A client's retransmission then makes a new one by the rules of
 * that moment, instead of being carried to a listener that is gone. */
void pf_state_kill(const struct pf_env *);

/* One line of "pfctl -s states" (macOS): is it a flow that came to a loopback address by rdr? Then client
 * and destination are its other two addresses.  udp 127.0.0.1:10080 <- 192.0.2.1:53 <- 10.0.0.5:5000 */
bool pf_state_parse(const char *line, union addr *listener, union addr *destination, union addr *client);

#endif
