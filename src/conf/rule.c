#include "config.h"

#include "conf/rule.h"

#include "base/nat64.h"
#include "conf/matcher.h"

static bool
is_limited(const struct conf_rule *rule)
{
	return rule->ports.count > 0 || rule->protocol != 0 || rule->user != NULL;
}

/* Can the rule count for the query, whose user may not be known yet? */
static bool
can_count(const struct rule_query *q, const struct conf_rule *rule)
{
	if (rule->protocol != 0 && rule->protocol != q->proto)
		return false;
	if (rule->user != NULL && q->user != RULE_USER_UNKNOWN && q->user != rule->uid)
		return false;
	return rule->ports.count == 0 || port_list_contains(&rule->ports, q->port);
}

static bool
counts(const void *arg, const struct conf_rule *rule)
{
	const struct rule_query *q = arg;

	if (q->proto == 0)
		/* A rule that blocks or leaves direct some ports only must not decide for the others. */
		return rule->action == ACTION_PROXY || !is_limited(rule);
	return can_count(q, rule) && (rule->user == NULL || q->user != RULE_USER_UNKNOWN);
}

static bool
is_the_one(const void *arg, const struct conf_rule *rule)
{
	return rule == arg;
}

static bool
is_unlimited(const void *arg, const struct conf_rule *rule)
{
	return !is_limited(rule);
}

static bool
has_action(const void *arg, const struct conf_rule *rule)
{
	return rule->action == *(const enum action *)arg;
}

/* The host as a pattern with its text in buf; PATTERN_ANY without a name. */
static struct pattern
host_pattern(const char *host, char buf[HOST_MAX + 1])
{
	size_t len = host != NULL ? strlen(host) : 0;

	if (len > 0 && host[len - 1] == '.')
		len--;
	if (len == 0 || len > HOST_MAX)
		return (struct pattern){ .kind = PATTERN_ANY };
	for (size_t i = 0; i < len; i++)
		buf[i] = host[i] >= 'A' && host[i] <= 'Z' ? (char)(host[i] - 'A' + 'a') : host[i];
	return (struct pattern){ .kind = PATTERN_NAME, .len = (unsigned)len, .text = buf };
}

/* The first wanted rule for the host or the address, or for the IPv4 address in that (dns.nat64);
 * conf->rules + conf->nrules: no rule. */
static const struct conf_rule *
first(const struct conf *conf, const struct rule_query *q, matcher_want *want, const void *arg)
{
	char buf[HOST_MAX + 1];
	struct pattern what = host_pattern(q->host, buf);
	const struct conf_rule *rule = matcher_first(conf->matcher, &what, conf->rules + conf->nrules, want, arg);
	union addr v4;

	if (q->dst == NULL || !addr_is_set(q->dst))
		return rule;
	what = (struct pattern){ .kind = PATTERN_NETWORK, .network = network_of(q->dst) };
	rule = matcher_first(conf->matcher, &what, rule, want, arg);
	for (size_t i = 0; i < conf->dns.nnat64; i++)
		if (nat64_extract(&conf->dns.nat64[i], q->dst, &v4)) {
			what.network = network_of(&v4);
			rule = matcher_first(conf->matcher, &what, rule, want, arg);
		}
	return rule;
}

struct verdict
rule_match(const struct conf *conf, const struct rule_query *q)
{
	const struct conf_rule *rule = first(conf, q, counts, q);

	if (rule < conf->rules + conf->nrules)
		return (struct verdict){ rule->action, rule, rule->proxies, rule->nproxies };
	return (struct verdict){ conf->default_action, NULL, conf->default_proxies, conf->ndefault_proxies };
}

bool
verdict_is_stricter(const struct verdict *a, const struct verdict *b)
{
	if (a->action != b->action)
		return a->action > b->action;
	return a->rule != NULL && (b->rule == NULL || a->rule < b->rule);
}

bool
rule_is_specific(const struct conf *conf, const struct conf_rule *rule)
{
	const struct rule_query nothing = { .host = NULL };

	return rule != NULL && first(conf, &nothing, is_the_one, rule) != rule;
}

bool
rule_is_by_name(const struct conf *conf, const struct conf_rule *rule, const char *host)
{
	const struct rule_query name = { .host = host };

	return rule_is_specific(conf, rule) && first(conf, &name, is_the_one, rule) == rule;
}

bool
rule_name_matters(const struct conf *conf, const struct rule_query *q)
{
	const struct conf_rule *end = first(conf, q, counts, q);

	for (const struct conf_rule *rule = conf->rules; rule < end; rule++)
		if (rule->enabled && rule->by_name && can_count(q, rule))
			return true;
	return false;
}

enum rule_miss
rule_explain(const struct conf *conf, const struct conf_rule *rule, const struct rule_query *q)
{
	if (!rule->enabled)
		return RULE_DISABLED;
	if (first(conf, q, is_the_one, rule) != rule)
		return RULE_PATTERN;
	if (counts(q, rule))
		return RULE_MATCHES;
	if (rule->protocol != 0 && rule->protocol != q->proto)
		return RULE_PROTOCOL;
	return rule->ports.count > 0 && !port_list_contains(&rule->ports, q->port) ? RULE_PORTS : RULE_USER;
}

/* May a flow to the host get the action? */
static bool
is_possible(const struct conf *conf, const char *host, enum action action)
{
	const struct rule_query q = { .host = host };
	const struct conf_rule *end = conf->rules + conf->nrules, *last = first(conf, &q, is_unlimited, NULL);
	const struct conf_rule *rule = first(conf, &q, has_action, &action);

	return rule < end ? rule <= last : last == end && conf->default_action == action;
}

enum action
rule_strictest(const struct conf *conf, const char *host)
{
	if (is_possible(conf, host, ACTION_BLOCK))
		return ACTION_BLOCK;
	return is_possible(conf, host, ACTION_PROXY) ? ACTION_PROXY : ACTION_DIRECT;
}

static bool
is_not_direct(const void *arg, const struct conf_rule *rule)
{
	return rule->action != ACTION_DIRECT;
}

bool
rule_may_catch_address(const struct conf *conf, const union addr *dst)
{
	const struct rule_query q = { .dst = dst };

	return first(conf, &q, is_not_direct, NULL) < conf->rules + conf->nrules;
}

bool
rule_always_proxied(const struct conf *conf, const char *host)
{
	return is_possible(conf, host, ACTION_PROXY) && !is_possible(conf, host, ACTION_BLOCK) &&
	    !is_possible(conf, host, ACTION_DIRECT);
}

static bool
is_elsewhere(const void *proxy, const struct conf_rule *rule)
{
	return rule->action == ACTION_PROXY && (rule->nproxies != 1 || rule->proxies[0] != proxy);
}

bool
rule_has_one_proxy(const struct conf *conf, const char *host, const struct conf_proxy *proxy)
{
	const struct rule_query q = { .host = host };
	const struct conf_rule *last = first(conf, &q, is_unlimited, NULL), *end = conf->rules + conf->nrules;
	const struct conf_rule *elsewhere = first(conf, &q, is_elsewhere, proxy);

	if (elsewhere < end && elsewhere <= last)
		return false;
	return last < end || conf->default_action != ACTION_PROXY ||
	    (conf->ndefault_proxies == 1 && conf->default_proxies[0] == proxy);
}
