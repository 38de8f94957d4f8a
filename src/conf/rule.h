/*
 * rule.h - the verdict: the rule that wins for a flow, and its action.
 *
 * Pure. A lookup takes less than a microsecond, independent of the number of patterns.
 */
#pragma once

#include "conf/conf.h"

#define RULE_USER_UNKNOWN ((uid_t)-1)

struct rule_query {
	const char       *host;         /* NULL: unknown */
	const union addr *dst;          /* NULL: unknown (the name of a DNS query) */
	int               proto;        /* IPPROTO_TCP, IPPROTO_UDP; 0 (a DNS query): ignore protocol, ports and user,
	                                 * because any rule may match a later flow to the name */
	uint16_t          port;
	uid_t             user;         /* owner of the sending socket; RULE_USER_UNKNOWN matches no rule with a user */
};

struct verdict {
	enum action             action;
	const struct conf_rule *rule;           /* NULL: default_action */
	const struct conf_proxy *const *proxies;        /* failover order, for ACTION_PROXY */
	size_t                  nproxies;
};

/* The first enabled rule that matches; else default_action. */
struct verdict rule_match(const struct conf *, const struct rule_query *);

/* Is a the stricter one: block before proxy before direct, then the earlier rule? */
bool verdict_is_stricter(const struct verdict *a, const struct verdict *b);

/* Does the rule (NULL: default_action) match only some destinations? */
bool rule_is_specific(const struct conf *, const struct conf_rule *);
/* Does it match because of the host's name? Not with the pattern "*". */
bool rule_is_by_name(const struct conf *, const struct conf_rule *, const char *host);
/* Could a host name change the verdict of a query without one, or the reason for it? With RULE_USER_UNKNOWN, for any
 * user. */
bool rule_name_matters(const struct conf *, const struct rule_query *);

/* The first of these reasons why a rule does not match. RULE_MATCHES: it matches, and wins if no earlier one does. */
enum rule_miss { RULE_MATCHES, RULE_DISABLED, RULE_PATTERN, RULE_PROTOCOL, RULE_PORTS, RULE_USER };
enum rule_miss rule_explain(const struct conf *, const struct conf_rule *, const struct rule_query *);

/* The next two are about all flows to a name, of any port, protocol and user. Address patterns do not count,
 * because the address is not known yet. */

/* The strictest action that some of them may get. ACTION_DIRECT: no rule catches the name. */
enum action rule_strictest(const struct conf *, const char *host);
/* May a rule for addresses, or "*", proxy or block some flows to the address? */
bool rule_may_catch_address(const struct conf *, const union addr *dst);
/* True when all of them are proxied. */
bool rule_always_proxied(const struct conf *, const char *host);
/* True when every rule that may proxy some of them has this one proxy only. */
bool rule_has_one_proxy(const struct conf *, const char *host, const struct conf_proxy *);

