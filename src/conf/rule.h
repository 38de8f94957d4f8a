/*
 * rule.h - the verdict: which rule wins for this flow, and what to do.
 *
 * Pure: looks at the configuration and the question only. Under a microsecond, however many the patterns.
 */
#ifndef PFI_RULE_H
#define PFI_RULE_H

#include "conf/conf.h"

#define RULE_USER_UNKNOWN ((uid_t)-1)

struct rule_query {
	const char       *host;         /* NULL: unknown */
	const union addr *dst;          /* NULL: unknown (the name of a DNS query) */
	int               proto;        /* IPPROTO_TCP, IPPROTO_UDP; 0: do not look at protocol, ports and user
	                                 * (a DNS query: any rule that could later match the name counts) */
	uint16_t          port;
	uid_t             user;         /* whose socket it comes from; RULE_USER_UNKNOWN matches no rule with a user */
};

struct verdict {
	enum action             action;
	const struct conf_rule *rule;           /* NULL: default_action */
	const struct conf_proxy *const *proxies;        /* failover order, for ACTION_PROXY */
	size_t                  nproxies;
};

/* The first enabled rule that matches; else default_action. */
struct verdict rule_match(const struct conf *, const struct rule_query *);

/* Why a rule does not match; the first of these that is so. RULE_MATCHES: it does (and wins, if none before it does). */
enum rule_miss { RULE_MATCHES, RULE_DISABLED, RULE_PATTERN, RULE_PROTOCOL, RULE_PORTS, RULE_USER };
enum rule_miss rule_explain(const struct conf *, const struct conf_rule *, const struct rule_query *);

/* The two below ask about every flow to a name, whatever its port, protocol and user. Address patterns do not
 * count: nobody knows the address yet. */

/* Could some of them be proxied or blocked? */
bool rule_may_catch(const struct conf *, const char *host);
/* Would all of them be proxied? False where it takes several rules with ports, protocol or user to do so. */
bool rule_always_proxied(const struct conf *, const char *host);

#endif
