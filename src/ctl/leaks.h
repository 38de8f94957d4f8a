/*
 * leaks.h - the leaks link of "doctor": ways in which names that rules send to a proxy can leave this host without it.
 *
 * Reads settings, files and the list of processes. Changes nothing, sends no query. Browsers are for examples/browsers.
 */
#pragma once

#include "ctl/doctor_say.h"

/* The host that is checked; a test gives its own. */
struct leaks_place {
	const char           *root;     /* before every path */
	const struct network *own;      /* this host's addresses */
	size_t                nown;
	int (*run)(const char *const argv[], const char *input, char *output, size_t size, unsigned timeout_ms);
};

/* Checks this host. */
void doctor_leaks(struct doctor *);
/* Checks the given host. False: no rule sends a name to a proxy, so nothing can leak. */
bool leaks_check(struct doctor *, const struct leaks_place *);
