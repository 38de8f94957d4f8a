/*
 * doctor.h - "pfinterceptctl doctor": checks each link of the chain, changes nothing, and says of each what is
 *            wrong and what cures it.
 */
#ifndef PFI_DOCTOR_H
#define PFI_DOCTOR_H

#include "ctl/ctl.h"
#include "ctl/doctor_say.h"

/* The running daemon's own word about itself; sets running and intercepting. */
void doctor_daemon(struct doctor *, const struct ctl *);
/* Flows of our own to addresses that nobody has: does the daemon see them? Only while intercepting. */
void doctor_self_test(struct doctor *, const struct ctl *);

/* The firewall; one a system. Needs root, running, intercepting and uid. */
void doctor_firewall(struct doctor *);
/* The same for this environment, on systems with pf. */
struct pf_env;
void doctor_pf(struct doctor *, const struct pf_env *);

/* Name, reachability, round trip, user name and password, and whether it carries UDP. */
void doctor_proxy(struct doctor *, const struct conf_proxy *);

/* Each address and port that the daemon has, or would have. */
void doctor_listeners(struct doctor *);
/* Does the forwarder answer, and does a name that is kept to a proxy find its answer? Only while running. */
void doctor_dns(struct doctor *);

/* Seconds of the day's clock. */
double doctor_now(void);
/* Until the socket is ready for these events of poll(2): 0, ETIMEDOUT or another errno value. */
int doctor_wait(int fd, short events, double seconds);
/* Connects like the daemon. 0 and *fd, or an errno value and -1. */
int doctor_connect(const union addr *to, const char *interface, double seconds, int *fd);

#endif
