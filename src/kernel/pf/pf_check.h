/*
 * pf_check.h - is pf ready for our anchor, and if not, what cures it?
 *
 * pf_check_read() asks pfctl(8) and changes nothing; the rest is pure text in, finding out. The daemon
 * mends what it may (anchor_pf.c); "pfinterceptctl doctor" shows the findings.
 *
 * Owner:   plain values.
 * Errors:  0 or an errno value.
 */
#ifndef PFI_PF_CHECK_H
#define PFI_PF_CHECK_H

#include "kernel/pf/pf_note.h"

#define PF_LINE_MAX        160          /* of a rule quoted in a finding */
#define PF_FINDINGS_MAX    8

/* What the main ruleset says of an anchor. */
struct pf_reference {
	bool rdr;               /* rdr-anchor: its translation rules are evaluated */
	bool nat;               /* nat-anchor: its nat rules, too */
	bool filter;            /* anchor: its filter rules are evaluated */
	bool filtered;          /* a rule before it blocks arriving packets */
	char quick[PF_LINE_MAX];        /* a rule before it that takes our packets for good; "" */
};

struct pf_report {
	int  device_error;      /* why the device cannot be opened; the rest is unknown then */
	int  pfctl_error;       /* why pfctl could not be asked */
	bool enabled;
	bool skipped;           /* pf sees nothing on lo0 */
	bool skipped_group;     /* ... because of its group, where pf keeps that apart */
	bool loaded;            /* rules are in the anchor now */
	bool stale;             /* the state file of a run that did not end cleanly is there */
	char loopback[16];      /* "lo0"; OpenBSD: of our routing domain */
	char path[PF_ANCHOR_PATH_MAX];  /* where to load: the name itself, or the system's fallback */
	bool fallback;          /* path is not the name */
	struct pf_reference ref;        /* of path */
};

enum pf_level { PF_GOOD, PF_NOTE, PF_WARNING, PF_FAULT };

/* One sentence: what is, and for a fault or a warning the cure. */
struct pf_finding {
	enum pf_level level;
	char          text[512];
};

/* anchor: its name. ENOMEM; what pf or pfctl answers is in the report, not an error. */
int pf_check_read(const struct pf_env *, const char *anchor, struct pf_report *);

/* In the order of the chain, one finding a link: device, pf enabled, anchor referenced, lo0, other rules,
 * what an earlier run left. Without the device only that. The daemon is running: what is mended
 * while it runs counts as good. Returns how many. */
size_t pf_check_findings(const struct pf_system *, const struct pf_report *, const char *anchor,
    struct pf_finding out[PF_FINDINGS_MAX]);

/* The daemon cannot work with this report. */
bool pf_check_hopeless(const struct pf_system *, const struct pf_report *);

/* The pure parts, over what pfctl prints. info: -s info; interfaces: -v -s Interfaces; nat: -s nat;
 * rules: -s rules; all: -a '*' -s rules, where each anchor's rules stand in its place. */
bool pf_check_enabled(const char *info);
bool pf_check_skipped(const char *interfaces, const char *interface);
void pf_check_reference(const struct pf_system *, const char *nat, const char *rules, const char *all,
    const char *path, struct pf_reference *);

#endif
