/*
 * Rules that stand in each other's way: found by asking the matcher what comes before each pattern.
 */
#include "config.h"

#include "conf_key.h"

#include <string.h>

#include "matcher.h"

#define COMPARES_MAX 20000000   /* of two rules; thousands with the same pattern come to that */

/* One pattern of a later rule. */
struct question {
	const struct conf_rule *later;
	const struct pattern   *pattern;
	size_t                 *budget;
};

/* What is found about one rule. */
struct finding {
	const struct conf_rule *first;          /* that takes all of a pattern */
	const struct conf_rule *other;          /* ... or some flows, and does something else with them */
	const struct pattern   *pattern;        /* that other takes */
	size_t                  taken;          /* patterns taken entirely */
	bool                    several;        /* first is not the only one */
	bool                    in_part;        /* other takes some flows of the pattern only */
};

static bool
ports_cover(const struct port_list *wide, const struct port_list *narrow)
{
	size_t found = 0;

	for (size_t i = 0; i < narrow->count; i++)
		for (size_t k = 0; k < wide->count; k++)
			found += wide->ranges[k].first <= narrow->ranges[i].first && narrow->ranges[i].last <= wide->ranges[k].last;
	return wide->count == 0 || (narrow->count > 0 && found == narrow->count);
}

static bool
ports_meet(const struct port_list *a, const struct port_list *b)
{
	for (size_t i = 0; i < a->count; i++)
		for (size_t k = 0; k < b->count; k++)
			if (a->ranges[i].first <= b->ranges[k].last && b->ranges[k].first <= a->ranges[i].last)
				return true;
	return a->count == 0 || b->count == 0;
}

/* Are all flows that narrow could take among those that wide could, but for their patterns? */
static bool
conditions_cover(const struct conf_rule *wide, const struct conf_rule *narrow)
{
	return (wide->protocol == 0 || wide->protocol == narrow->protocol) &&
	    (wide->user == NULL || (narrow->user != NULL && strcmp(wide->user, narrow->user) == 0)) &&
	    ports_cover(&wide->ports, &narrow->ports);
}

static bool
conditions_meet(const struct conf_rule *a, const struct conf_rule *b)
{
	return (a->protocol == 0 || b->protocol == 0 || a->protocol == b->protocol) &&
	    (a->user == NULL || b->user == NULL || strcmp(a->user, b->user) == 0) && ports_meet(&a->ports, &b->ports);
}

static bool
same_outcome(const struct conf_rule *a, const struct conf_rule *b)
{
	return a->action == b->action && a->nproxies == b->nproxies &&
	    (a->nproxies == 0 || memcmp(a->proxies, b->proxies, a->nproxies * sizeof(a->proxies[0])) == 0);
}

/* Spends the budget; without one every answer is wrong, but quick. */
static bool
is_spent(const struct question *q)
{
	return *q->budget == 0 || --*q->budget == 0;
}

static bool
takes_all(const void *arg, const struct conf_rule *earlier, const struct pattern *pattern)
{
	const struct question *q = arg;

	(void)pattern;
	return is_spent(q) || conditions_cover(earlier, q->later);
}

/* Neither a rule for everything nor one for the same names under narrower conditions: those are meant so. */
static bool
takes_some(const void *arg, const struct conf_rule *earlier, const struct pattern *pattern)
{
	const struct question *q = arg;
	bool same = pattern->kind == q->pattern->kind && pattern->len == q->pattern->len &&
	    pattern->network.prefix == q->pattern->network.prefix;

	if (is_spent(q))
		return true;
	return pattern->kind != PATTERN_ANY && !same_outcome(earlier, q->later) && conditions_meet(earlier, q->later) &&
	    !(same && conditions_cover(q->later, earlier));
}

static void
look_at(const struct matcher *m, const struct question *q, struct finding *f)
{
	const struct conf_rule *earlier = matcher_first(m, q->pattern, q->later, takes_all, q);
	const bool all = earlier < q->later;

	if (all) {
		f->taken++;
		f->several |= f->first != NULL && f->first != earlier;
		if (f->first == NULL)
			f->first = earlier;
	}
	if (f->other != NULL)
		return;
	if (!all)
		earlier = matcher_first(m, q->pattern, q->later, takes_some, q);
	if (earlier == q->later || same_outcome(earlier, q->later))
		return;
	f->other = earlier;
	f->pattern = q->pattern;
	f->in_part = !all;
}

static const char *
pattern_format(const struct pattern *p, char *buf, size_t size)
{
	char network[ADDR_TEXT_MAX];

	if (p->kind == PATTERN_NETWORK)
		snprintf(buf, size, "%s", network_format(&p->network, network));
	else
		snprintf(buf, size, "%s%s%s", p->kind == PATTERN_BELOW ? "*." : "", p->kind == PATTERN_ANY ? "*" : p->text,
		    p->kind == PATTERN_PREFIX ? ".*" : "");
	return buf;
}

static void
warn(struct conf_reader *r, const struct json *node, const struct conf_rule *rule, const struct finding *f)
{
	char buf[HOST_MAX + 3];

	if (f->taken == rule->npatterns)
		conf_warn(r, node, "rule %u never matches, since rule %u%s before it takes all of its flows; remove it, or move it up",
		    rule->id, f->first->id, f->several ? " with others" : "");
	else if (f->other != NULL)
		conf_warn(r, node, "rule %u before rule %u takes %s\"%s\", and does something else with it; move one of "
		    "them if that is not meant", f->other->id, rule->id, f->in_part ? "some flows of " : "",
		    pattern_format(f->pattern, buf, sizeof(buf)));
}

void
conf_warn_overlaps(struct conf_reader *r, const struct json *rules)
{
	const struct conf *conf = r->conf;
	size_t budget = COMPARES_MAX;

	for (const struct json *node = rules->first; node != NULL && budget > 0; node = node->next) {
		const struct conf_rule *rule = &conf->rules[node->index];
		const struct json *place = json_member(node, "pattern");
		struct finding f = { .taken = 0 };

		if (place == NULL)
			place = json_member(node, "pattern_file");
		for (size_t i = 0; rule->enabled && i < rule->npatterns && budget > 0; i++)
			look_at(conf->matcher, &(struct question){ rule, &rule->patterns[i], &budget }, &f);
		if (budget == 0)
			conf_warn(r, place, "too many rules have the same patterns; from here on they are not compared");
		else if (rule->enabled && rule->npatterns > 0)
			warn(r, place, rule, &f);
	}
}
