/*
 * pf_text.h - the anchor as text for pfctl(8): the parts that are the same in both dialects of pf.conf(5).
 *
 * A plan lists address families (with the listener to redirect to) and services (the traffic to redirect). A dialect
 * (anchor_pf_text.c, anchor_divert_text.c) turns each pair of them into rules.
 *
 * Owner:   pf_text_anchor() makes the plan and frees it.
 * Errors:  0 or an errno value.
 */
#pragma once

#include "kernel/anchor_input.h"

/* Labels, at most 63 characters (pf.conf(5)). States are killed by label, so do not change these between versions. */
#define PF_LABEL_OWN     "pfinterceptd: the daemon's own traffic"
#define PF_LABEL_SERVERS "pfinterceptd: UDP servers of this host"
#define PF_LABEL_DNS_TCP "pfinterceptd: DNS over TCP"
#define PF_LABEL_DNS_UDP "pfinterceptd: DNS over UDP"
#define PF_LABEL_SNIFF   "pfinterceptd: TCP, by the name that it tells"
#define PF_LABEL_TCP     "pfinterceptd: TCP"
#define PF_LABEL_UDP     "pfinterceptd: UDP"

/* Of the rule that counts the flows that are not intercepted. */
#define PF_LABEL_DIRECT  "pfinterceptd: direct, not intercepted"

/* The tables of mode "matched": addresses from patterns, and addresses from DNS answers. */
#define PF_TARGETS "pfi_targets"
#define PF_LEARNED "pfi_learned"

/* The labels of rules that intercept; the last one is NULL. */
extern const char *const pf_labels[];

#define PF_SERVICES 7

struct pf_service {
	const char      *proto;         /* "tcp", "udp" */
	const char      *label;
	const char      *dst;           /* destination: "! <pfi_skip>", or in mode "matched" a table */
	struct port_list ports;
	uint16_t         to;            /* port of the listener */
};

struct pf_family {
	const char       *af;           /* "inet", "inet6" */
	const char       *loop;         /* "127.0.0.1", "::1" */
	const char       *outside;      /* sources other than loopback */
	const char       *any;          /* every address, as a network */
	const union addr *listener;
	bool              forwards;     /* the listener is fit for forwarded traffic */
};

/* The state of pf on which the rules depend. All zero: the usual. */
struct pf_place {
	bool     nat;           /* the main ruleset evaluates the anchor's nat rules, and this system needs them */
	bool     lost;          /* the main ruleset no longer evaluates the anchor: redirect nothing */
	bool     filtered;      /* rules before the anchor block arriving packets: pass nothing in */
	char     unskipped[16]; /* interface or group whose "set skip" was cleared: pass all its packets; or "" */
	unsigned rdomain;       /* OpenBSD: routing domain of the daemon */
};

struct pf_plan {
	const struct anchor_input *in;
	const struct pf_place     *place;
	struct pf_family   families[2];
	size_t             nfamilies;
	struct pf_service  services[PF_SERVICES];
	size_t             nservices;
	struct port_range *udp_ranges;  /* udp_ports without DHCP */
	struct network_set skip, targets;       /* targets: mode "matched" */
	char               scope[32];   /* "on ! lo0": interfaces by which this host's traffic leaves */
	char               user[24], rdomain[12];       /* the worker's; the daemon's */
};

/* Writes the whole anchor: tables, rules, and a rule in place of a cleared "set skip". redirect() writes the rules that
 * send traffic to the listeners, and calls pf_text_own(). scope: see struct pf_plan. any_gateway: forwarded IPv6 may be
 * sent to a loopback address. EINVAL: intercept.interfaces has a name that pf does not accept (logged). */
typedef void pf_text_redirect(FILE *, const struct pf_plan *);
int pf_text_anchor(FILE *out, const struct anchor_input *, const struct pf_place *, const char *scope, bool any_gateway,
    pf_text_redirect *);

/* The two dialects: rdr rules (anchor_pf_text.c; macOS, FreeBSD), divert-to rules (anchor_divert_text.c; OpenBSD). */
int anchor_pf_text(FILE *out, const struct anchor_input *, const struct pf_place *);
int anchor_divert_text(FILE *out, const struct anchor_input *, const struct pf_place *);

/* Writes the first filter rules: the daemon's own connections, and answers of this host's UDP servers. */
void pf_text_own(FILE *, const struct pf_plan *);

/* Write a rule for each service of each family; the gateway form for each of intercept.interfaces, too. proto: "udp",
 * or NULL for every service. In the rule these words, each behind a "$", stand for values of plan, family and service:
 *   af any dst label listener ("127.0.0.1 port 10080") loop outside ports (with a blank in front; none for every port)
 *   proto rdomain scope syn ("flags S/SA" with a blank in front for TCP, whose states begin with the SYN) user
 * and in the gateway form also: interface */
void pf_text_each(FILE *, const struct pf_plan *, const char *proto, const char *rule);
void pf_text_each_gateway(FILE *, const struct pf_plan *, const char *rule);
