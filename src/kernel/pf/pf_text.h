/*
 * pf_text.h - what the pf dialects have in common: which traffic is meant, and the pieces of pf.conf(5)
 *             grammar that are the same on every system.
 *
 * A plan says it neutrally: families (where to redirect to) times services (what to redirect). A dialect
 * (anchor_pf_text.c, anchor_divert_text.c) turns each pair into rules.
 *
 * Owner:   pf_text_anchor() makes the plan and ends it.
 */
#ifndef PFI_PF_TEXT_H
#define PFI_PF_TEXT_H

#include <stdio.h>

#include "kernel/anchor_input.h"

/* pf.conf(5): a label has at most 63 characters. States are found by these, so they are the same in every
 * version of the rules. */
#define PF_LABEL_OWN     "pfinterceptd: the daemon's own traffic"
#define PF_LABEL_SERVERS "pfinterceptd: UDP servers of this host"
#define PF_LABEL_DNS_TCP "pfinterceptd: DNS over TCP"
#define PF_LABEL_DNS_UDP "pfinterceptd: DNS over UDP"
#define PF_LABEL_SNIFF   "pfinterceptd: TCP, by the name that it tells"
#define PF_LABEL_TCP     "pfinterceptd: TCP"
#define PF_LABEL_UDP     "pfinterceptd: UDP"

/* The tables of mode "matched": addresses of patterns, and those learned while running. */
#define PF_TARGETS "pfi_targets"
#define PF_LEARNED "pfi_learned"

/* The labels of rules that intercept; NULL at the end. */
extern const char *const pf_labels[];

#define PF_SERVICES 7

struct pf_service {
	const char      *proto;         /* "tcp", "udp" */
	const char      *label;
	const char      *dst;           /* "! <pfi_skip>": everywhere; mode "matched": a table of destinations */
	struct port_list ports;
	uint16_t         to;            /* our port */
};

struct pf_family {
	const char       *af;           /* "inet", "inet6" */
	const char       *loop;         /* "127.0.0.1", "::1" */
	const char       *outside;      /* what is not loopback, as a source */
	const union addr *local;        /* listener for this host's traffic */
	const union addr *gateway;      /* listener for forwarded traffic; NULL: none is fit */
};

/* What the rules depend on besides the input: found by asking pf. All zero: the usual. */
struct pf_place {
	bool     nat;           /* the main ruleset evaluates the anchor's nat rules, and this system needs them */
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
	char               scope[32];   /* "on ! lo0": where this host's traffic leaves */
};

/* The whole anchor in any state: tables, rules, and what stands for "set skip" while that is cleared. redirect() writes the
 * rules that send traffic to us, pf_text_own() among them. scope: where this host's traffic leaves. any_gateway: forwarded
 * traffic may go to a loopback address. 0 or an errno value; EINVAL: the name of an interface is none (logged). */
typedef void pf_text_redirect(FILE *, const struct pf_plan *);
int pf_text_anchor(FILE *out, const struct anchor_input *, const struct pf_place *, const char *scope, bool any_gateway,
    pf_text_redirect *);

/* The two dialects: rdr rules (anchor_pf_text.c: macOS, FreeBSD) and divert-to rules (anchor_divert_text.c: OpenBSD). */
int anchor_pf_text(FILE *out, const struct anchor_input *, const struct pf_place *);
int anchor_divert_text(FILE *out, const struct anchor_input *, const struct pf_place *);

/* The filter rules that come first: our own traffic, and this host's UDP servers. */
void pf_text_own(FILE *, const struct pf_plan *);

/* " port 53", " port { 80, 1000:2000 }", or nothing for every port. */
void pf_text_ports(FILE *, const struct port_list *);
/* " flags S/SA": a TCP state begins with the SYN. Nothing for UDP. */
const char *pf_text_flags(const struct pf_service *);
/* "127.0.0.1 port 10080" */
void pf_text_target(FILE *, const struct pf_service *, const union addr *listener);
/* Calls rule() for each service of each family; gateway: for each interface, too. */
typedef void pf_text_rule(FILE *, const struct pf_plan *, const struct pf_family *, const struct pf_service *);
typedef void pf_text_gateway_rule(FILE *, const char *interface, const struct pf_family *, const struct pf_service *);
void pf_text_each(FILE *, const struct pf_plan *, pf_text_rule *);
void pf_text_each_gateway(FILE *, const struct pf_plan *, pf_text_gateway_rule *);

#endif
