/*
 * doctor.h - "pfinterceptctl doctor": checks each link of the chain, changes nothing, and says of each what is
 *            wrong and what cures it.
 *
 * Owner:   struct doctor lives for one run; what it points to is borrowed.
 */
#ifndef PFI_DOCTOR_H
#define PFI_DOCTOR_H

#include <stdio.h>

#include "conf.h"

enum doctor_level { DOCTOR_OK, DOCTOR_NOTE, DOCTOR_WARNING, DOCTOR_FAULT };

struct doctor {
	FILE       *out;
	bool        json, utf8;
	const struct conf *conf;
	uid_t       uid;                /* of the worker; 0: there is no such user */
	bool        running;            /* pfinterceptd is */
	unsigned    lines, faults;      /* said */
};

/* One line: the link of the chain, and what is with it, for a fault or a warning with the cure. */
void doctor_say(struct doctor *, enum doctor_level, const char *link, const char *fmt, ...)
    __attribute__((format(printf, 4, 5)));

/* The firewall; one a system. Needs root, running and uid. */
void doctor_firewall(struct doctor *);
/* The same for this environment, on systems with pf. */
struct pf_env;
void doctor_pf(struct doctor *, const struct pf_env *);

/* Name, reachability, and the proxy's own greeting; for SOCKS5 also user name and password. */
void doctor_proxy(struct doctor *, const struct conf_proxy *);

/* Each address and port that the daemon has, or would have. */
void doctor_listeners(struct doctor *);
/* Does the forwarder answer? Only while the daemon is running. */
void doctor_dns(struct doctor *);

#endif
