#include "config.h"

#include "worker/dns/dns_learn.h"

#include "wire/dns_content.h"
#include "wire/dns_edit.h"
#include "wire/sniff.h"
#include "worker/name/learned.h"
#include "worker/upstream/policy.h"

static struct verdict
verdict_of(const struct dns_lesson *l, const char *name)
{
	return rule_match(l->env->policy->conf, &(struct rule_query){ .host = name });
}

/* Can a rule catch the alias because of its name? What catches flows of any name catches the question's, too. */
static bool
alias_counts(const struct dns_lesson *l, const struct verdict *v, const char *alias, enum action strictest)
{
	const struct conf *conf = l->env->policy->conf;

	return (v->action != ACTION_DIRECT && rule_is_by_name(conf, v->rule, alias)) ||
	    strictest > rule_strictest(conf, NULL);
}

static void
lesson_alias_cb(void *arg, const struct dns_name *name)
{
	struct dns_lesson *l = arg;
	enum action strictest;
	struct verdict v;
	char text[DNS_TEXT_MAX];

	dns_name_text(name, text);
	if (strlen(text) > HOST_MAX || strcmp(text, l->name) == 0)
		return;
	for (size_t i = 0; i < l->naliases; i++)
		if (strcmp(text, l->aliases[i]) == 0)
			return;
	v = verdict_of(l, text);
	strictest = rule_strictest(l->env->policy->conf, text);
	if (!alias_counts(l, &v, text, strictest))
		return;
	if (v.action == ACTION_BLOCK && l->blocked.action != ACTION_BLOCK)
		l->blocked = v;
	if (strictest > l->strictest)
		l->strictest = strictest;
	l->full = l->naliases == DNS_LEARN_ALIASES;
	if (l->full)
		return;
	l->alias_ranks[l->naliases] = strictest;
	strcpy(l->aliases[l->naliases++], text);
}

/* The addresses of the target are looked up by its own name, so that one rule must decide both. */
static bool
lesson_keeps_target(const void *arg, const struct dns_name *target)
{
	const struct dns_lesson *l = arg;
	char text[DNS_TEXT_MAX];

	dns_name_text(target, text);
	return verdict_of(l, text).rule == verdict_of(l, l->name).rule &&
	    rule_strictest(l->env->policy->conf, text) == l->rank;
}

/* Who has a host may put any name there. So one that a rule catches counts only for a host of the same rule: else he
 * could take the name out of another's hello. */
static bool
outer_counts(const struct dns_lesson *l, const char *name)
{
	const struct verdict v = verdict_of(l, name);

	return rule_strictest(l->env->policy->conf, name) <= l->strictest && (v.action == ACTION_DIRECT ||
	    !rule_is_by_name(l->env->policy->conf, v.rule, name) || v.rule == verdict_of(l, l->name).rule);
}

static void
lesson_outer_cb(void *arg, const uint8_t *name, size_t len)
{
	const struct dns_lesson *l = arg;
	char text[HOST_MAX + 1] = "";

	if (len > HOST_MAX)
		return;
	memcpy(text, name, len);
	if (sniff_normalize(text) && outer_counts(l, text))
		names_learn_outer(l->env->names, text, l->strictest);
}

static void
lesson_blocked_cb(void *arg, const union addr *addr, uint32_t ttl)
{
	const struct dns_lesson *l = arg;

	dns_lesson_address(l, addr);
	learned_want(l->env->learned, addr, NULL, NULL);
}

int
dns_lesson_take(struct dns_lesson *l, uint8_t **msg, struct dns_answer *answer, uint8_t out[DNS_MESSAGE_MAX])
{
	const struct conf *conf = l->env->policy->conf;
	const struct dns_edit edit = { .addresses = DNS_LEARN_ADDRESSES, .strip_ech = conf->dns.ech == ECH_STRIP,
		.keep_target = lesson_keeps_target, .arg = l };
	int error;

	l->strictest = l->rank = rule_strictest(conf, l->name);
	l->blocked = (struct verdict){ .action = ACTION_DIRECT };
	l->naliases = 0;
	l->full = false;
	if (!policy_is_proxy_host(l->env->policy, l->name))
		dns_answer_aliases(*msg, answer->end, lesson_alias_cb, l);
	if (l->blocked.action == ACTION_BLOCK) {
		dns_answer_addresses(*msg, answer->end, lesson_blocked_cb, l);
		return EACCES;
	}
	if (l->full)
		return E2BIG;
	dns_answer_outer_names(*msg, answer->end, lesson_outer_cb, l);
	if (l->strictest == ACTION_DIRECT)
		return 0;
	error = dns_answer_edit(*msg, answer->end, &edit, out, answer);
	if (error == 0)
		*msg = out;
	return error == ENOENT ? 0 : error;
}

void
dns_lesson_address(const struct dns_lesson *l, const union addr *addr)
{
	if (strlen(l->name) <= HOST_MAX)
		names_learn(l->env->names, addr, l->name, l->rank);
	if (l->vouched > 0)
		names_vouch(l->env->names, addr, l->name, l->vouched);
	for (size_t i = 0; i < l->naliases; i++)
		names_learn(l->env->names, addr, l->aliases[i], l->alias_ranks[i]);
}
