#include "config.h"

#include "worker/decide/flow_judge.h"

#include "base/host_name.h"
#include "base/nat64.h"

static struct rule_query
query_of(const struct evidence *e, const char *host)
{
	return (struct rule_query){ host, e->fake ? NULL : e->dst, e->proto, e->port, e->user };
}

/* Takes a name and its verdict. */
static void
outcome_take(const struct conf *conf, const struct evidence *e, const char *host, const char *via, struct outcome *o)
{
	const struct rule_query q = query_of(e, host);

	o->verdict = rule_match(conf, &q);
	o->host = host;
	o->via = via;
}

/* Takes a name that may be the client's, only if its verdict is stricter. A rule for the address (fixed) gives way only
 * to another action, for else a planted name could choose the proxy. */
static void
outcome_tighten(const struct conf *conf, const struct evidence *e, const char *host, const char *via, bool fixed,
    struct outcome *o)
{
	struct outcome other = *o;
	bool stricter;

	outcome_take(conf, e, host, via, &other);
	stricter = fixed ? other.verdict.action > o->verdict.action : verdict_is_stricter(&other.verdict, &o->verdict);
	if (stricter || (o->host == NULL && other.verdict.rule == o->verdict.rule))
		*o = other;
}

/* A single label, "localhost" or an address means another host at a proxy, but for a label that is a pattern itself. */
static bool
name_is_dialable(const struct conf *conf, const struct outcome *o)
{
	return host_is_dialable(o->host) || (strchr(o->host, '.') == NULL && strcmp(o->host, "localhost") != 0 &&
	    rule_is_by_name(conf, o->verdict.rule, o->host));
}

static void
judge_said(const struct conf *conf, const struct evidence *e, struct outcome *o)
{
	outcome_take(conf, e, e->said->text, e->said->via, o);
	if (e->said->proxy_request || !name_is_dialable(conf, o))
		o->name = TARGET_NAME_NEVER;
	else if (rule_is_by_name(conf, o->verdict.rule, o->host))
		o->name = TARGET_NAME_AUTO;
}

/* Names that may be the client's; without any, the address alone. */
static void
judge_known(const struct conf *conf, const struct evidence *e, struct outcome *o)
{
	const struct name *first = e->dst != NULL ? names_of_addr(e->names, e->dst) : NULL, *name;
	bool fixed;

	outcome_take(conf, e, NULL, VIA_IP, o);
	fixed = rule_is_specific(conf, o->verdict.rule);
	if (!fixed && first != NULL)
		outcome_take(conf, e, name_text(first), VIA_DNS, o);
	for (name = first; name != NULL; name = name_next_of_addr(name))
		outcome_tighten(conf, e, name_text(name), VIA_DNS, fixed, o);
	if (e->said->text[0] != '\0')
		outcome_tighten(conf, e, e->said->text, e->said->via, fixed, o);
	if (first == NULL || name_next_of_addr(first) != NULL || o->host != name_text(first) ||
	    !host_is_dialable(o->host))
		o->name = TARGET_NAME_NEVER;
}

/* intercept.quic, for a flow to QUIC_PORT that a rule sends to a proxy. */
static void
judge_quic(const struct conf *conf, const struct evidence *e, struct outcome *o)
{
	enum action *action = &o->verdict.action;

	if (*action != ACTION_PROXY || e->proto != IPPROTO_UDP || e->port != QUIC_PORT)
		return;
	switch (conf->intercept.quic) {
	case QUIC_BLOCK:
		*action = ACTION_BLOCK;
		break;
	case QUIC_DIRECT:
		*action = e->fake ? ACTION_BLOCK : ACTION_DIRECT;
		break;
	case QUIC_PROXY:
		o->insist = true;
		break;
	case QUIC_AUTO:
		break;
	}
}

static void
judge_addr(const struct conf *conf, const struct evidence *e, struct outcome *o)
{
	bool found = false;

	o->addr = e->dst != NULL ? *e->dst : addr_none;
	for (size_t i = 0; i < conf->dns.nnat64 && e->dst != NULL && !found; i++)
		found = nat64_extract(&conf->dns.nat64[i], e->dst, &o->addr);
	if (found)
		addr_set_port(&o->addr, e->port);
}

/* The verdict is known: what becomes of the flow? */
static void
outcome_complete(const struct conf *conf, const struct evidence *e, struct outcome *o)
{
	judge_addr(conf, e, o);
	judge_quic(conf, e, o);
	/* No host has a made-up address: without its name the flow leads nowhere. */
	if (e->fake && e->fake_name == NULL)
		o->reason = CLOSE_STALE_ADDRESS;
	else if (o->verdict.action == ACTION_BLOCK)
		o->reason = CLOSE_BLOCKED;
}

void
flow_judge_given(const struct conf *conf, const struct evidence *e, const struct verdict *verdict, struct outcome *o)
{
	*o = (struct outcome){ .via = VIA_IP, .reason = CLOSE_DONE, .name = TARGET_NAME_NEVER, .verdict = *verdict };
	outcome_complete(conf, e, o);
}

void
flow_judge(const struct conf *conf, const struct evidence *e, struct outcome *o)
{
	*o = (struct outcome){ .via = VIA_IP, .reason = CLOSE_DONE, .name = TARGET_NAME_ASKED };
	if (e->fake)
		outcome_take(conf, e, e->fake_name, e->fake_name != NULL ? VIA_DNS : VIA_IP, o);
	else if (e->said->text[0] != '\0' && !(e->said->outer && names_is_outer(e->names, e->said->text)))
		judge_said(conf, e, o);
	else
		judge_known(conf, e, o);
	outcome_complete(conf, e, o);
}

bool
flow_name_matters(const struct conf *conf, const struct evidence *e)
{
	const struct rule_query q = query_of(e, NULL);
	struct outcome o;

	if (e->fake)
		return false;
	if (rule_name_matters(conf, &q))
		return true;
	o = (struct outcome){ .verdict = rule_match(conf, &q) };
	judge_quic(conf, e, &o);
	if (o.verdict.action == ACTION_BLOCK)
		return true;
	for (size_t i = 0; o.verdict.action == ACTION_PROXY && i < o.verdict.nproxies; i++)
		if (o.verdict.proxies[i]->send == SEND_NAME)
			return true;
	return false;
}
