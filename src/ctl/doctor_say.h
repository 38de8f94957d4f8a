/*
 * doctor_say.h - one run of "pfinterceptctl doctor", and the lines that it prints.
 *
 * Owner:   struct doctor lives for one run and borrows everything that it points to.
 */
#pragma once

#include "conf/conf.h"

enum doctor_level { DOCTOR_OK, DOCTOR_NOTE, DOCTOR_WARNING, DOCTOR_FAULT };

struct doctor {
	FILE       *out;
	bool        json, utf8;
	const struct conf *conf;
	uid_t       uid;                /* of the worker; 0: there is no such user */
	bool        running;            /* pfinterceptd is running, as far as can be seen */
	bool        intercepting;       /* ... and says that its rules are loaded */
	unsigned    lines, faults;      /* printed so far */
};

/* Prints one line: the link of the chain and the finding; for a fault or a warning also the cure. */
void doctor_say(struct doctor *, enum doctor_level, const char *link, const char *fmt, ...)
    __attribute__((format(printf, 4, 5)));
