#include "config.h"

#include "conf_key.h"

#include <netinet/in.h>

#include <errno.h>
#include <stdlib.h>
#include <string.h>

static const struct conf_word protocols[] = { { "tcp", IPPROTO_TCP }, { "udp", IPPROTO_UDP }, { NULL, 0 } };
static const struct conf_word actions[] = {
	{ "direct", ACTION_DIRECT }, { "proxy", ACTION_PROXY }, { "block", ACTION_BLOCK }, { NULL, 0 }
};

static int
read_pattern(struct conf_reader *r, const struct json *node, const struct conf_key *key, void *field)
{
	struct conf_rule *rule = field;
	char error[512];
	int err = conf_read_string(r, node, key, &rule->pattern);

	if (err != 0)
		return err;
	if (pattern_list_parse(rule->pattern, &rule->patterns, error, sizeof(error)) != 0)
		return conf_fail(r, node, "%s", error);
	return 0;
}

static void
print_pattern(yajl_gen gen, const struct conf_key *key, const void *field)
{
	conf_print_text(gen, key, &((const struct conf_rule *)field)->pattern);
}

static const struct conf_type conf_pattern = { read_pattern, print_pattern };

/* Adds the proxy with the id in node to the rule. */
static int
rule_add_proxy(struct conf_reader *r, const struct json *node, struct conf_rule *rule)
{
	unsigned id;
	const struct conf_proxy *proxy;
	int err = conf_read_count(r, node, &(struct conf_key){ .arg = &conf_ids }, &id);

	if (err != 0)
		return err;
	if ((proxy = conf_find_proxy(r, id)) == NULL)
		return conf_fail(r, node, "no proxy has the id %u; write the id of one in \"proxies\"", id);
	for (size_t i = 0; i < rule->nproxies; i++)
		if (rule->proxies[i] == proxy)
			return conf_fail(r, node, "the id %u stands here twice; remove one", id);
	rule->proxies[rule->nproxies++] = proxy;
	return 0;
}

/* One id, or a list of them in failover order. */
static int
read_proxy_id(struct conf_reader *r, const struct json *node, const struct conf_key *key, void *field)
{
	struct conf_rule *rule = field;
	int err = 0;

	(void)key;
	if (node->type != JSON_NUMBER && (node->type != JSON_ARRAY || node->count == 0))
		return conf_fail(r, node, "no proxy is named here; write an id like 1, or a list like [1, 2]");
	if ((rule->proxies = conf_alloc(r, node, node->count + 1, sizeof(rule->proxies[0]))) == NULL)
		return EINVAL;
	if (node->type == JSON_NUMBER)
		return rule_add_proxy(r, node, rule);
	for (node = node->first; err == 0 && node != NULL; node = node->next)
		err = rule_add_proxy(r, node, rule);
	return err;
}

static void
print_proxy_id(yajl_gen gen, const struct conf_key *key, const void *field)
{
	const struct conf_rule *rule = field;

	if (rule->nproxies == 0)
		return;
	conf_print_string(gen, key->name);
	if (rule->nproxies == 1) {
		yajl_gen_integer(gen, rule->proxies[0]->id);
		return;
	}
	yajl_gen_array_open(gen);
	for (size_t i = 0; i < rule->nproxies; i++)
		yajl_gen_integer(gen, rule->proxies[i]->id);
	yajl_gen_array_close(gen);
}

static const struct conf_type conf_proxy_id = { read_proxy_id, print_proxy_id };

static const struct conf_key rule_keys[] = {
	{ "id", &conf_count, offsetof(struct conf_rule, id), &conf_ids, true },
	{ "name", &conf_string, offsetof(struct conf_rule, name), NULL, false },
	{ "pattern", &conf_pattern, 0, NULL, true },
	{ "enabled", &conf_boolean, offsetof(struct conf_rule, enabled), NULL, false },
	{ "action", &conf_words, offsetof(struct conf_rule, action), actions, false },
	{ "proxy_id", &conf_proxy_id, 0, NULL, false },
	{ "ports", &conf_ports, offsetof(struct conf_rule, ports), NULL, false },
	{ "protocol", &conf_words, offsetof(struct conf_rule, protocol), protocols, false },
	{ "user", &conf_unsupported, 0, NULL, false },
	{ NULL, NULL, 0, NULL, false }
};

/* Leaves only enabled proxies to a rule that is in force. */
static int
rule_keep_enabled(struct conf_reader *r, const struct json *node, struct conf_rule *rule)
{
	size_t n = 0;

	if (!rule->enabled || rule->action != ACTION_PROXY)
		return 0;
	for (size_t i = 0; i < rule->nproxies; i++)
		if (rule->proxies[i]->enabled)
			rule->proxies[n++] = rule->proxies[i];
	rule->nproxies = n;
	return n > 0 ? 0 : conf_fail(r, json_member(node, "proxy_id"),
	    "no proxy of this rule is enabled; enable one, or disable the rule");
}

static int
read_rule(struct conf_reader *r, const struct json *node, struct conf_rule *rule)
{
	const struct json *action, *proxy_id;
	int err;

	rule->name = "";
	rule->enabled = true;
	rule->action = ACTION_PROXY;
	if ((err = conf_read_object(r, node, rule_keys, rule)) != 0)
		return err;
	action = json_member(node, "action");
	proxy_id = json_member(node, "proxy_id");
	if (proxy_id == NULL && action == NULL)
		return conf_fail(r, node, "the rule has neither \"proxy_id\" nor \"action\"; add one of them");
	if (proxy_id == NULL && rule->action == ACTION_PROXY)
		return conf_fail(r, action, "the action \"proxy\" needs a proxy; add the key \"proxy_id\"");
	if (proxy_id != NULL && rule->action != ACTION_PROXY)
		return conf_fail_key(r, proxy_id, "the action \"%s\" uses no proxy; remove this key, or write \"proxy\" as action",
		    action->text);
	return rule_keep_enabled(r, node, rule);
}

struct numbered { const struct conf_rule *rule; size_t index; };

static int
pattern_compare(const void *a, const void *b)
{
	const struct numbered *x = a, *y = b;
	int order = strcmp(x->rule->pattern, y->rule->pattern);

	return order != 0 ? order : (x->index > y->index) - (x->index < y->index);
}

static bool
ports_equal(const struct port_list *a, const struct port_list *b)
{
	/* Ranges are plain pairs of uint16_t, sorted and joined: equal lists are equal bytes. */
	return a->count == b->count && (a->count == 0 ||
	    memcmp(a->ranges, b->ranges, a->count * sizeof(a->ranges[0])) == 0);
}

/* With the same pattern, does the earlier rule take all that the later one could? */
static bool
rule_covers(const struct conf_rule *earlier, const struct conf_rule *later)
{
	return (earlier->protocol == 0 || earlier->protocol == later->protocol) &&
	    (earlier->ports.count == 0 || ports_equal(&earlier->ports, &later->ports));
}

/* Warns of rules that an earlier one with the same pattern keeps from ever matching. */
static int
warn_covered(struct conf_reader *r, const struct json *list, const struct conf *conf)
{
	struct numbered *sorted = conf_alloc(r, list, conf->nrules, sizeof(*sorted));
	const struct conf_rule *earlier = NULL, *rule;
	size_t n = 0;

	if (sorted == NULL)
		return EINVAL;
	for (size_t i = 0; i < conf->nrules; i++)
		if (conf->rules[i].enabled)
			sorted[n++] = (struct numbered){ &conf->rules[i], i };
	qsort(sorted, n, sizeof(*sorted), pattern_compare);
	for (size_t i = 0; i < n; i++) {
		rule = sorted[i].rule;
		if (earlier == NULL || strcmp(earlier->pattern, rule->pattern) != 0 || !rule_covers(earlier, rule))
			earlier = rule;
		else
			conf_warn(r, json_member(json_element(list, sorted[i].index), "pattern"),
			    "rule %u has the same pattern and comes first, so this rule never matches; remove one of them",
			    earlier->id);
	}
	return 0;
}

static int
read_rules(struct conf_reader *r, const struct json *list, const struct conf_key *key, void *field)
{
	struct conf *conf = field;
	int err = conf_want(r, list, JSON_ARRAY);

	(void)key;
	if (err != 0)
		return err;
	if ((conf->rules = conf_alloc(r, list, list->count, sizeof(*conf->rules))) == NULL)
		return EINVAL;
	conf->nrules = list->count;
	for (const struct json *node = list->first; node != NULL; node = node->next)
		if ((err = read_rule(r, node, &conf->rules[node->index])) != 0)
			return err;
	if (conf_sort_by_id(r, list, conf->rules, sizeof(*conf->rules)) == NULL)
		return EINVAL;
	return warn_covered(r, list, conf);
}

static void
print_rules(yajl_gen gen, const struct conf_key *key, const void *field)
{
	const struct conf *conf = field;

	conf_print_string(gen, key->name);
	yajl_gen_array_open(gen);
	for (size_t i = 0; i < conf->nrules; i++)
		conf_print_object(gen, rule_keys, &conf->rules[i]);
	yajl_gen_array_close(gen);
}

const struct conf_type conf_rules = { read_rules, print_rules };

static int
read_default_action(struct conf_reader *r, const struct json *node, const struct conf_key *key, void *field)
{
	struct conf *conf = field;
	int err = conf_words.read(r, node, &(struct conf_key){ .arg = actions }, &conf->default_action);

	(void)key;
	if (err != 0 || conf->default_action != ACTION_PROXY)
		return err;
	if ((conf->default_proxies = conf_alloc(r, node, conf->nproxies, sizeof(conf->default_proxies[0]))) == NULL)
		return EINVAL;
	for (size_t i = 0; i < conf->nproxies; i++)
		if (conf->proxies[i].enabled)
			conf->default_proxies[conf->ndefault_proxies++] = &conf->proxies[i];
	return conf->ndefault_proxies > 0 ? 0 :
	    conf_fail(r, node, "no proxy is enabled; enable one in \"proxies\", or write \"direct\" or \"block\"");
}

static void
print_default_action(yajl_gen gen, const struct conf_key *key, const void *field)
{
	conf_words.print(gen, &(struct conf_key){ .name = key->name, .arg = actions }, &((const struct conf *)field)->default_action);
}

const struct conf_type conf_default_action = { read_default_action, print_default_action };
