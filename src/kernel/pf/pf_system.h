/*
 * pf_system.h - how the systems with pf differ, and where pf is reached, as values.
 */
#pragma once

#include "kernel/anchor_input.h"
#include "kernel/pf/pf_natlook.h"

struct pf_place;

struct pf_system {
	const char *name;               /* "FreeBSD" */
	int       (*render)(FILE *out, const struct anchor_input *, const struct pf_place *);   /* a dialect */
	bool        translation;        /* has rdr rules: the main ruleset needs rdr-anchor besides anchor */
	bool        token;              /* pfctl -E and -X count who needs pf */
	bool        nat;                /* UDP flows get source ports of their own: see anchor_pf_text.c */
	bool        kill_by_label;      /* has pfctl -k label */
	const char *fallback;           /* prefix of an anchor path that the stock ruleset evaluates, or NULL */
	const char *skip_group;         /* group of the loopback interfaces, where groups have a skip flag, or NULL */
	const char *load_module;        /* how pf comes into the kernel, for messages */
};

extern const struct pf_system pf_macos, pf_freebsd, pf_openbsd;

/* The system's commands and files. A test passes its own. */
struct pf_env {
	const struct pf_system *system;
	const char  *pfctl;
	const char  *device;
	const char  *note_file;         /* prefix of the notes' paths: see pf_note.h */
	pf_ioctl_fn *ioctl;
};

extern const struct pf_env pf_env_native;
