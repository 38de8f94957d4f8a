#include "config.h"

#include "rule.h"

static bool
rule_counts(const struct conf_rule *rule, const struct rule_query *q)
{
	bool limited = rule->ports.count > 0 || rule->protocol != 0;

	if (q->proto == 0)
		/* What a rule refuses or leaves alone on some ports must still resolve for the others. */
		return rule->action == ACTION_PROXY || !limited;
	if (rule->protocol != 0 && rule->protocol != q->proto)
		return false;
	return rule->ports.count == 0 || port_list_contains(&rule->ports, q->port);
}

struct verdict
rule_match(const struct conf *conf, const struct rule_query *q)
{
	const struct conf_rule *rule;

	for (size_t i = 0; i < conf->nrules; i++) {
		rule = &conf->rules[i];
		if (rule->enabled && rule_counts(rule, q) && pattern_list_match(rule->patterns, q->host, q->dst))
			return (struct verdict){ rule->action, rule, rule->proxies, rule->nproxies };
	}
	return (struct verdict){ conf->default_action, NULL, conf->default_proxies, conf->ndefault_proxies };
}
