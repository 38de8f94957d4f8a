/* Shadowed rules: the matcher finds the first earlier rule that covers each pattern of a rule. */
#include "config.h"

#include "conf/conf_internal.h"

#include "conf/matcher.h"

#define COMPARES_MAX 20000000   /* comparisons of two rules; thousands with the same pattern need that many */

/* The state of the search for one rule. */
struct finding {
	const struct conf_rule *rule;
	size_t                 *budget;         /* comparisons left */
	const struct conf_rule *first;          /* the first one that covers a pattern */
	const struct conf_rule *other;          /* the first one that covers a pattern with another outcome */
	const struct pattern   *pattern;        /* that other covers */
	size_t                  taken;          /* number of covered patterns */
	bool                    several;        /* rules besides first cover patterns */
};

static bool
ports_cover(const struct port_list *wide, const struct port_list *narrow)
{
	size_t found = 0;

	for (size_t i = 0; i < narrow->count; i++)
		for (size_t k = 0; k < wide->count; k++)
			found += wide->ranges[k].first <= narrow->ranges[i].first &&
			    narrow->ranges[i].last <= wide->ranges[k].last;
	return wide->count == 0 || (narrow->count > 0 && found == narrow->count);
}

static bool
same_outcome(const struct conf_rule *a, const struct conf_rule *b)
{
	return a->action == b->action && a->nproxies == b->nproxies &&
	    (a->nproxies == 0 || memcmp(a->proxies, b->proxies, a->nproxies * sizeof(a->proxies[0])) == 0);
}

/* True when the earlier rule takes all flows of the later one, patterns aside. Spends the budget; once it is spent, the
 * answer is meaningless, and the caller stops. */
static bool
takes_all(const void *arg, const struct conf_rule *earlier)
{
	const struct finding *f = arg;
	const struct conf_rule *later = f->rule;

	if (*f->budget == 0 || --*f->budget == 0)
		return true;
	return (earlier->protocol == 0 || earlier->protocol == later->protocol) &&
	    (earlier->user == NULL || (later->user != NULL && strcmp(earlier->user, later->user) == 0)) &&
	    ports_cover(&earlier->ports, &later->ports);
}

static void
look_at(const struct matcher *m, struct finding *f, const struct pattern *pattern)
{
	const struct conf_rule *earlier = matcher_first(m, pattern, f->rule, takes_all, f);

	if (earlier == f->rule)
		return;
	f->taken++;
	f->several |= f->first != NULL && f->first != earlier;
	if (f->first == NULL)
		f->first = earlier;
	if (f->other == NULL && !same_outcome(earlier, f->rule)) {
		f->other = earlier;
		f->pattern = pattern;
	}
}

static const char *
pattern_format(const struct pattern *p, char *buf, size_t size)
{
	char network[ADDR_TEXT_MAX];

	if (p->kind == PATTERN_NETWORK)
		snprintf(buf, size, "%s", network_format(&p->network, network));
	else
		snprintf(buf, size, "%s%s%s",
		    p->kind == PATTERN_BELOW ? "*." : p->kind == PATTERN_TREE ? "." : "",
		    p->kind == PATTERN_ANY ? "*" : p->text, p->kind == PATTERN_PREFIX ? ".*" : "");
	return buf;
}

static void
warn(struct conf_reader *r, const struct json *node, const struct finding *f)
{
	char buf[HOST_MAX + 3];

	if (f->taken == f->rule->npatterns)
		conf_warn(r, node, "rule %u never matches, because rule %u%s before it takes all of its flows; "
		    "remove it, or move it up", f->rule->id, f->first->id, f->several ? " with others" : "");
	else if (f->other != NULL)
		conf_warn(r, node, "rule %u before rule %u takes \"%s\" and has another outcome; move one of them if "
		    "that is not intended", f->other->id, f->rule->id, pattern_format(f->pattern, buf, sizeof(buf)));
}

void
conf_warn_overlaps(struct conf_reader *r, const struct json *rules)
{
	const struct conf *conf = r->conf;
	size_t budget = COMPARES_MAX;

	for (const struct json *node = rules->first; node != NULL && budget > 0; node = node->next) {
		const struct conf_rule *rule = &conf->rules[node->index];
		const struct json *place = json_member(node, "pattern");
		struct finding f = { .rule = rule, .budget = &budget };

		if (place == NULL)
			place = json_member(node, "pattern_file");
		for (size_t i = 0; rule->enabled && i < rule->npatterns && budget > 0; i++)
			look_at(conf->matcher, &f, &rule->patterns[i]);
		if (budget == 0)
			conf_warn(r, place, "too many rules have the same patterns; rules from here on are not "
			    "compared");
		else if (rule->enabled && rule->npatterns > 0)
			warn(r, place, &f);
	}
}
