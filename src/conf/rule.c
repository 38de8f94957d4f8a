#include "config.h"

#include "conf/rule.h"

#include <string.h>

#include "conf/matcher.h"

static bool
is_limited(const struct conf_rule *rule)
{
	return rule->ports.count > 0 || rule->protocol != 0 || rule->user != NULL;
}

static bool
counts(const void *arg, const struct conf_rule *rule)
{
	const struct rule_query *q = arg;

	if (q->proto == 0)
		/* A rule that blocks or leaves direct some ports only must not decide for the others. */
		return rule->action == ACTION_PROXY || !is_limited(rule);
	if (rule->protocol != 0 && rule->protocol != q->proto)
		return false;
	if (rule->user != NULL && (q->user == RULE_USER_UNKNOWN || q->user != rule->uid))
		return false;
	return rule->ports.count == 0 || port_list_contains(&rule->ports, q->port);
}

/* A lookup about all flows to a name. */
struct ask { struct rule_query q; enum action action; };

static bool
is_always(const void *arg, const struct conf_rule *rule)
{
	return rule->action == ((const struct ask *)arg)->action && !is_limited(rule);
}

static bool
is_other(const void *arg, const struct conf_rule *rule)
{
	return rule->action != ((const struct ask *)arg)->action;
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

/* The first wanted rule for the host or the address; conf->rules + conf->nrules: no rule. */
static const struct conf_rule *
first(const struct conf *conf, const struct rule_query *q, matcher_want *want)
{
	char buf[HOST_MAX + 1];
	struct pattern what = host_pattern(q->host, buf);
	const struct conf_rule *rule = matcher_first(conf->matcher, &what, conf->rules + conf->nrules, want, q);

	if (q->dst == NULL || !addr_is_set(q->dst))
		return rule;
	what = (struct pattern){ .kind = PATTERN_NETWORK, .network = network_of(q->dst) };
	return matcher_first(conf->matcher, &what, rule, want, q);
}

struct verdict
rule_match(const struct conf *conf, const struct rule_query *q)
{
	const struct conf_rule *rule = first(conf, q, counts);

	if (rule < conf->rules + conf->nrules)
		return (struct verdict){ rule->action, rule, rule->proxies, rule->nproxies };
	return (struct verdict){ conf->default_action, NULL, conf->default_proxies, conf->ndefault_proxies };
}

struct one { struct rule_query q; const struct conf_rule *rule; };

static bool
is_the_one(const void *arg, const struct conf_rule *rule)
{
	return rule == ((const struct one *)arg)->rule;
}

enum rule_miss
rule_explain(const struct conf *conf, const struct conf_rule *rule, const struct rule_query *q)
{
	const struct one one = { *q, rule };

	if (!rule->enabled)
		return RULE_DISABLED;
	if (first(conf, &one.q, is_the_one) != rule)
		return RULE_PATTERN;
	if (counts(q, rule))
		return RULE_MATCHES;
	if (rule->protocol != 0 && rule->protocol != q->proto)
		return RULE_PROTOCOL;
	return rule->ports.count > 0 && !port_list_contains(&rule->ports, q->port) ? RULE_PORTS : RULE_USER;
}

/* True when a rule that gives the action to all flows of the name comes before any rule with another action. */
static bool
is_certain(const struct conf *conf, const char *host, enum action action)
{
	const struct ask ask = { { .host = host }, action };
	const struct conf_rule *other = first(conf, &ask.q, is_other), *end = conf->rules + conf->nrules;

	return first(conf, &ask.q, is_always) < other || (other == end && conf->default_action == action);
}

bool
rule_may_catch(const struct conf *conf, const char *host)
{
	return !is_certain(conf, host, ACTION_DIRECT);
}

bool
rule_always_proxied(const struct conf *conf, const char *host)
{
	return is_certain(conf, host, ACTION_PROXY);
}
