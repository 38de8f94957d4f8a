/* intercept.mode: "auto" becomes the mode that the rules need. */
#include "config.h"

#include "conf/conf_internal.h"

const char *const conf_modes[] = { "auto", "all", "matched", NULL };
const char conf_sniff_default[] = "80,443";

/* The first enabled rule that is not "direct" and has such a pattern, or any name if names are asked for. */
static const struct conf_rule *
find_rule(const struct conf *conf, bool names)
{
	for (const struct conf_rule *rule = conf->rules; rule < conf->rules + conf->nrules; rule++)
		for (size_t i = 0; rule->enabled && rule->action != ACTION_DIRECT && i < rule->npatterns; i++)
			if (rule->patterns[i].kind == PATTERN_ANY ||
			    (names && rule->patterns[i].kind != PATTERN_NETWORK))
				return rule;
	return NULL;
}

/* Chooses between "all" and "matched", and keeps the reason. The tree gets the chosen word, for conf_print(). */
static int
choose(struct conf_reader *r, struct json *mode)
{
	struct conf *conf = r->conf;
	const struct conf_rule *any = find_rule(conf, false), *name = conf->dns.enabled ? NULL : find_rule(conf, true);
	const size_t size = 256;
	char *why = conf_alloc(r, mode, size, 1);

	if (why == NULL)
		return EINVAL;
	conf->intercept.mode = MODE_ALL;
	if (conf->default_action != ACTION_DIRECT)
		snprintf(why, size, "\"auto\" is \"all\": default_action is not \"direct\", so that everything can "
		    "match");
	else if (any != NULL)
		snprintf(why, size, "\"auto\" is \"all\": rule %u matches without a name or address", any->id);
	else if (name != NULL)
		snprintf(why, size, "\"auto\" is \"all\": rule %u has names, and with dns.enabled false their "
		    "addresses are not known", name->id);
	else {
		conf->intercept.mode = MODE_MATCHED;
		snprintf(why, size, "\"auto\" is \"matched\": default_action is \"direct\", and every other rule has "
		    "names or addresses");
	}
	conf->intercept.mode_why = why;
	mode->text = conf_modes[conf->intercept.mode];
	mode->len = (uint32_t)strlen(mode->text);
	return 0;
}

/* Warns when mode "matched" has no effect. Ports and protocol of the rule do not matter: the anchor ignores them. */
static void
warn_star(struct conf_reader *r, const struct json *mode)
{
	const struct conf_rule *rule = find_rule(r->conf, false);

	if (rule != NULL)
		conf_warn(r, mode, "the pattern * of rule %u matches every address, so that all traffic is "
		    "intercepted; write names or networks there, or \"all\" here", rule->id);
}

static int
cut_sniff_ports(struct conf_reader *r, const struct json *sniff)
{
	const struct port_list tcp = r->conf->intercept.tcp_ports, ports = r->conf->intercept.sniff_ports;
	struct port_range *range = conf_alloc(r, sniff, tcp.count + ports.count + 1, sizeof(*range));
	size_t n = 0;

	if (range == NULL)
		return EINVAL;
	for (size_t i = 0, k = 0; i < tcp.count && k < ports.count; ) {
		const struct port_range a = tcp.ranges[i], b = ports.ranges[k];

		range[n].first = a.first > b.first ? a.first : b.first;
		range[n].last = a.last < b.last ? a.last : b.last;
		n += range[n].first <= range[n].last;
		i += a.last <= b.last;
		k += b.last < a.last;
	}
	r->conf->intercept.sniff_ports = (struct port_list){ range, n };
	return 0;
}

int
conf_finish_mode(struct conf_reader *r, const struct json *intercept)
{
	struct json *mode = json_member(intercept, "mode");
	const struct json *sniff = json_member(intercept, "sniff_ports");
	struct conf *conf = r->conf;

	if (conf->intercept.mode == MODE_MATCHED && conf->default_action != ACTION_DIRECT)
		return conf_fail(r, mode, "default_action is not \"direct\", so everything can match; write \"all\" "
		    "or \"auto\" here");
	if (conf->intercept.mode == MODE_MATCHED)
		warn_star(r, mode);
	if (conf->intercept.mode == MODE_AUTO && choose(r, mode) != 0)
		return EINVAL;
	if (conf->intercept.mode == MODE_ALL && strcmp(sniff->text, conf_sniff_default) != 0)
		conf_warn(r, sniff, "it has no effect in mode \"all\"; write \"matched\" as intercept.mode, or "
		    "remove this key");
	return cut_sniff_ports(r, sniff);
}
