/*
 * doctor.h - "pfinterceptctl doctor": checks each link of the chain, changes nothing, and says of each what is
 *            wrong and what cures it.
 *
 * Owner:   struct doctor lives for one run; what it points to is borrowed.
 */
#ifndef PFI_DOCTOR_H
#define PFI_DOCTOR_H

#include <stdio.h>

#include "conf/conf.h"
#include "ctl/ctl.h"

enum doctor_level { DOCTOR_OK, DOCTOR_NOTE, DOCTOR_WARNING, DOCTOR_FAULT };

struct doctor {
	FILE       *out;
	bool        json, utf8;
	const struct conf *conf;
	uid_t       uid;                /* of the worker; 0: there is no such user */
	bool        running;            /* pfinterceptd is, as far as can be seen */
	bool        intercepting;       /* ... and has rules loaded, as far as it says */
	unsigned    lines, faults;      /* said */
};

/* One line: the link of the chain, and what is with it, for a fault or a warning with the cure. */
void doctor_say(struct doctor *, enum doctor_level, const char *link, const char *fmt, ...)
    __attribute__((format(printf, 4, 5)));

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
