/*
 * setup.h - "pfinterceptctl setup": the anchor's lines in /etc/pf.conf.
 *
 * The main ruleset is never loaded; the administrator does that. The file is replaced by rename(2) after "pfctl -nf"
 * has accepted the new text; it keeps its mode and owner. The previous file becomes FILE.pfinterceptd.
 */
#pragma once

#include "kernel/pf/pf_system.h"

#define SETUP_BACKUP ".pfinterceptd"

struct setup_options {
	const char *file;               /* pf.conf */
	bool        yes;                /* do not ask */
	bool        show;               /* only show the change */
	bool        undo;
};

/* The system it runs on; a test gives its own. */
struct setup_place {
	const struct pf_env *env;
	int   in;                       /* the answer is read from it, if it is a terminal */
	FILE *out, *err;
};

/* An exit status of ctl.h. */
int setup_pf(const struct setup_place *, const struct setup_options *, const char *anchor);
