/*
 * pf_check.h - checks whether pf is ready for the anchor, and names the cures.
 *
 * pf_check_read() asks pfctl(8) and changes nothing; the other functions are pure. The daemon repairs some faults
 * itself (anchor_pf.c); "pfinterceptctl doctor" prints the findings.
 *
 * Owner:   plain values.
 * Errors:  0 or an errno value.
 */
#pragma once

#include "kernel/pf/pf_note.h"

#define PF_LINE_MAX        160          /* of a rule quoted in a finding */
#define PF_FINDINGS_MAX    8

/* The place of an anchor in the main ruleset. */
struct pf_reference {
	bool rdr;               /* rdr-anchor: its translation rules are evaluated */
	bool nat;               /* nat-anchor: its nat rules are evaluated */
	bool filter;            /* anchor: its filter rules are evaluated */
	bool filtered;          /* a rule before it blocks arriving packets */
	char quick[PF_LINE_MAX];        /* a quick rule before it that matches our packets; or "" */
};

struct pf_report {
	int  device_error;      /* errno of opening the device; if set, the rest is unknown */
	int  pfctl_error;       /* errno of running pfctl; if set, the rest is unknown */
	bool enabled;
	bool skipped;           /* the skip flag of lo0 is set: pf does not see its packets */
	bool skipped_group;     /* ... and so is that of its group, on systems where groups have one */
	bool loaded;            /* the anchor has rules now */
	bool stale;             /* there is a note of a run that did not end cleanly */
	char loopback[16];      /* "lo0"; OpenBSD: that of our routing domain */
	char path[PF_ANCHOR_PATH_MAX];  /* the anchor's path: its name, or below the system's fallback */
	bool fallback;          /* path is below the fallback */
	struct pf_reference ref;        /* of the anchor at path */
};

enum pf_level { PF_GOOD, PF_NOTE, PF_WARNING, PF_FAULT };

/* One sentence: the fact, and for a fault or a warning its cure. */
struct pf_finding {
	enum pf_level level;
	char          text[512];
};

/* Fills in the report. anchor: its name. 0 or ENOMEM; errors of pf and pfctl are part of the report. */
int pf_check_read(const struct pf_env *, const char *anchor, struct pf_report *);

/* A hash of the rules that the anchor at path has now, translation rules too. It is not 0, not even if there are none
 * or no anchor. */
uint64_t pf_check_image(const struct pf_env *, const char *path);

/* Turns a report into findings, in this order: device, pf enabled, anchor referenced, lo0, other rules, remains of an
 * earlier run. A device or pfctl that fails is the only finding. A flaw that the daemon repairs at its start is a fault
 * only if rules are loaded already. Returns the number of findings. */
size_t pf_check_findings(const struct pf_system *, const struct pf_report *, const char *anchor,
    struct pf_finding out[PF_FINDINGS_MAX]);

/* True if the daemon cannot work: no device, no pfctl, or an anchor that is not evaluated. */
bool pf_check_hopeless(const struct pf_system *, const struct pf_report *);

/* Parse the output of pfctl. info: -s info; interfaces: -v -s Interfaces; nat: -s nat; rules: -s rules; all: -a '*' -s
 * rules, which lists each anchor's rules in its place. */
bool pf_check_enabled(const char *info);
bool pf_check_skipped(const char *interfaces, const char *interface);
void pf_check_reference(const struct pf_system *, const char *nat, const char *rules, const char *all,
    const char *path, struct pf_reference *);
