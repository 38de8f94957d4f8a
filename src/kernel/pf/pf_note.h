/*
 * pf_note.h - the note on disk of what the daemon changed in pf outside its anchor.
 *
 * Each anchor has a note of its own, PFI_RUN_DIR/pfinterceptd.pf.ANCHOR, so that a start after a crash can release what
 * the earlier run held (on macOS a reference to the enabled pf, which no crash gives back), and so that of two daemons
 * with different anchors the last one to end reverts the changes.
 *
 * Owner:   plain values.
 * Errors:  0 or an errno value, not logged.
 */
#pragma once

#include "kernel/pf/pf_system.h"

#define PF_ANCHOR_PATH_MAX (2 * CONF_ANCHOR_MAX + 2)

/* All zero: nothing was changed. Has no padding, so that memcmp(3) works and it can travel as bytes. */
struct pf_changes {
	uint32_t enabled;               /* pf was off, and we turned it on */
	uint32_t skip_cleared;          /* whose skip flag we cleared: bits of enum pf_skip */
	uint64_t token;                 /* macOS: our reference to the enabled pf; 0: none */
	char     path[PF_ANCHOR_PATH_MAX];      /* path of the anchor, where it is not its name; or "" */
};

enum pf_skip { PF_SKIP_INTERFACE = 1, PF_SKIP_GROUP = 2 };

int  pf_note_save(const struct pf_env *, const char *anchor, const struct pf_changes *);
/* ENOENT: there is no note. EINVAL: it is not in our format. */
int  pf_note_load(const struct pf_env *, const char *anchor, struct pf_changes *);
void pf_note_drop(const struct pf_env *, const char *anchor);

/* There is a note, and the process that wrote it has ended. */
bool pf_note_is_stale(const struct pf_env *, const char *anchor);

/* Is a daemon with another anchor running? Adds to sum (NULL: to nothing) the changes that it needs, too. */
bool pf_note_others(const struct pf_env *, const char *anchor, struct pf_changes *sum);
