/*
 * doctor.h - "pfinterceptctl doctor": checks each link of the chain and prints its fault and the cure. Changes nothing.
 */
#pragma once

#include "ctl/ctl.h"
#include "ctl/doctor_say.h"

/* Asks the running daemon for its state; sets running and intercepting. */
void doctor_daemon(struct doctor *, const struct ctl *);
/* Sends flows to addresses that nobody has, and checks that they reach the daemon. Only while intercepting. */
void doctor_self_test(struct doctor *, const struct ctl *);

/* Checks the firewall; each system has its own. Needs root, running, intercepting and uid. */
void doctor_firewall(struct doctor *);
/* The same on systems with pf, for this environment. */
struct pf_env;
void doctor_pf(struct doctor *, const struct pf_env *);

/* Checks a proxy: its name, reachability, round trip, user name and password, and whether it carries UDP. */
void doctor_proxy(struct doctor *, const struct conf_proxy *);

/* Checks each address and port on which the daemon listens, or would listen. */
void doctor_listeners(struct doctor *);
/* Asks the forwarder for a name, and for one that rules send to a proxy. Only while running. */
void doctor_dns(struct doctor *);

/* The time of day, in seconds. */
double doctor_now(void);
/* Waits until the socket is ready for these events of poll(2). 0, ETIMEDOUT or another errno value. */
int doctor_wait(int fd, short events, double seconds);
/* Connects as the daemon does. 0 and *fd, or an errno value and -1. */
int doctor_connect(const union addr *to, const char *interface, double seconds, int *fd);
