/*
 * rule.h - the verdict: which rule wins for this flow, and what to do.
 *
 * Pure: looks at the configuration and the question only.
 */
#ifndef PFI_RULE_H
#define PFI_RULE_H

#include "conf.h"

struct rule_query {
	const char       *host;         /* NULL: unknown */
	const union addr *dst;          /* NULL: unknown (the name of a DNS query) */
	int               proto;        /* IPPROTO_TCP, IPPROTO_UDP; 0: do not look at protocol and ports
	                                 * (a DNS query: any rule that could later match the name counts) */
	uint16_t          port;
};

struct verdict {
	enum action             action;
	const struct conf_rule *rule;           /* NULL: default_action */
	const struct conf_proxy *const *proxies;        /* failover order, for ACTION_PROXY */
	size_t                  nproxies;
};

/* The first enabled rule that matches; else default_action. */
struct verdict rule_match(const struct conf *, const struct rule_query *);

#endif
