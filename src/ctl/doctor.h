/*
 * doctor.h - "pfinterceptctl doctor": checks each link of the chain and prints its fault and the cure. Changes nothing.
 *
 * Owner:   struct doctor lives for one run and borrows everything that it points to.
 */
#pragma once

#include "ctl/ctl.h"

enum doctor_level { DOCTOR_OK, DOCTOR_NOTE, DOCTOR_WARNING, DOCTOR_FAULT };

struct doctor {
	FILE       *out;
	bool        json, utf8;
	const struct conf *conf;
	uid_t       uid;                /* of the worker; 0: there is no such user */
	bool        running;            /* pfinterceptd is running, as far as can be seen */
	bool        intercepting;       /* ... and says that its rules are loaded */
	unsigned    lines, faults;      /* printed so far */
	bool               linklocal;   /* DNS to link-local resolvers is intercepted here */
};

/* Prints one line: the link of the chain and the finding; for a fault or a warning also the cure. */
void doctor_say(struct doctor *, enum doctor_level, const char *link, const char *fmt, ...)
    __attribute__((format(printf, 4, 5)));

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
/* Tells for each proxy whether its names are looked up through it, as the running daemon has found. */
void doctor_names(struct doctor *, const struct ctl *);
/* Asks the forwarder for a name, and for one that rules send to a proxy. Only while running. */
void doctor_dns(struct doctor *);

/* The time of day, in seconds. */
double doctor_now(void);
/* Waits until the socket is ready for these events of poll(2). 0, ETIMEDOUT or another errno value. */
int doctor_wait(int fd, short events, double seconds);
/* Connects as the daemon does. 0 and *fd, or an errno value and -1. */
int doctor_connect(const union addr *to, const char *interface, double seconds, int *fd);

/* The host that is checked; a test gives its own. */
struct leaks_place {
	const char           *root;     /* before every path */
	const struct network *own;      /* this host's addresses */
	size_t                nown;
	int (*run)(const char *const argv[], const char *input, char *output, size_t size, unsigned timeout_ms);
};

/* Checks this host for ways in which names that rules send to a proxy can leave it without it: reads settings, files
 * and the list of processes, and sends no query. Browsers are for examples/browsers. */
void doctor_leaks(struct doctor *);
/* Checks the given host. False: no rule sends a name to a proxy, so nothing can leak. */
bool leaks_check(struct doctor *, const struct leaks_place *);
