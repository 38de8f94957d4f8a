/*
 * pf_states.h - the states that pf keeps for intercepted flows.
 */
#pragma once

#include "kernel/pf/pf_system.h"

/* Kills the states of intercepted flows by the labels of our rules; where pfctl cannot do that (macOS), by the
 * addresses of at least 128 flows. A client's retransmission then makes a new state by the rules of that moment, and
 * does not go to a listener that is gone. Errors are ignored. */
void pf_states_kill(const struct pf_env *);

/* Parses one line of "pfctl -s states" (macOS). True if rdr sent the flow to a loopback address:
 *   ALL udp 127.0.0.1:10080 <- 192.0.2.1:53 <- 10.0.0.5:5000       SINGLE:MULTIPLE
 *           listener           destination     client                                     */
bool pf_states_parse(const char *line, union addr *listener, union addr *destination, union addr *client);
