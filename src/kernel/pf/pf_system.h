/*
 * pf_system.h - in what the systems with pf differ, as values; and what a test may replace.
 */
#ifndef PFI_PF_SYSTEM_H
#define PFI_PF_SYSTEM_H

#include "kernel/anchor.h"
#include "kernel/pf/pf_natlook.h"

struct pf_system {
	const char *name;               /* "FreeBSD" */
	int       (*render)(FILE *, const struct anchor_input *);
	bool        translation;        /* rdr: the main ruleset needs rdr-anchor besides anchor */
	bool        token;              /* pfctl -E and -X count who needs pf */
	bool        nat;                /* UDP flows are given source ports of their own: see anchor_pf_text.c */
	bool        kill_by_label;      /* pfctl -k label */
	const char *fallback;           /* path of a place that the stock ruleset evaluates, before the anchor's name; or NULL */
	const char *skip_group;         /* the loopback interfaces' group, when it has a skip flag of its own; or NULL */
	const char *load_module;        /* how pf comes into the kernel, for messages */
};

extern const struct pf_system pf_macos, pf_freebsd, pf_openbsd;

/* Where things are; a test gives its own. */
struct pf_env {
	const struct pf_system *system;
	const char  *pfctl;
	const char  *device;
	const char  *state_file;        /* with ".ANCHOR": keeps struct anchor_restore for a start after a crash */
	pf_ioctl_fn *ioctl;
};

extern const struct pf_env pf_env_native;

/* The two dialects. */
int anchor_pf_text(FILE *, const struct anchor_input *);
int anchor_divert_text(FILE *, const struct anchor_input *);

#endif
