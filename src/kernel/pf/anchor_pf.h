/*
 * anchor_pf.h - the pf backend of anchor.h: everything through pfctl(8), and only in the daemon's own anchor.
 *
 * The main ruleset is never loaded. What has to be changed outside the anchor - pf enabled, lo0 no longer skipped - is
 * kept in struct pf_changes and in the note on disk, and reverted by anchor_remove().
 */
#pragma once

#include "kernel/anchor_backend.h"
#include "kernel/pf/pf_note.h"
#include "kernel/pf/pf_text.h"

#define ANCHOR_PF_TABLES 4

struct anchor_pf {
	struct anchor        base;
	const struct pf_env *env;       /* pf_env_native, or that of a test, which sets it before the first call */
	struct pf_changes    changes;
	struct pf_place      place;     /* found by prepare(), survey() and verify() */
	bool                 keep;      /* of the last load: on_failure is "closed" */
	uint64_t             image;     /* of the rules, just after they were loaded; 0: to be loaded */
	size_t               ntables;   /* of the loaded rules; ANCHOR_PF_TABLES in mode "matched" */
	size_t               held[ANCHOR_PF_TABLES];    /* entries of each table at the last look */
};

/* The number in "Token : 1234", which pfctl -E prints; 0: none. */
uint64_t anchor_pf_token(const char *output);
