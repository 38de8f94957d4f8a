#include "config.h"

#include "worker/decide/flow_judge.h"

#include <string.h>

static bool
client_said_name(const struct evidence *e)
{
	return e->said != NULL && e->said->text[0] != '\0';
}

bool
flow_names_disagree(const struct evidence *e)
{
	if (!client_said_name(e))
		return false;
	return e->dns != NULL ? strcmp(e->dns, e->said->text) != 0 : e->said->outer;
}

static void
judge_name(const struct evidence *e, struct outcome *o)
{
	if (!e->fake && client_said_name(e) && (e->dns == NULL || !e->said->outer || e->said_in_dns)) {
		o->host = e->said->text;
		o->via = e->said->via;
	} else if (e->dns != NULL) {
		o->host = e->dns;
		o->via = VIA_DNS;
	}
}

/* intercept.quic, for a flow to QUIC_PORT that a rule sends to a proxy. */
static void
judge_quic(const struct conf *conf, const struct evidence *e, struct outcome *o)
{
	enum action *action = &o->verdict.action;

	if (*action != ACTION_PROXY || e->proto != IPPROTO_UDP || addr_port(e->dst) != QUIC_PORT)
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

void
flow_judge(const struct conf *conf, const struct evidence *e, struct outcome *o)
{
	*o = (struct outcome){ .via = VIA_IP, .reason = CLOSE_DONE };
	judge_name(e, o);
	o->verdict = rule_match(conf, &(struct rule_query){ o->host, e->fake ? NULL : e->dst, e->proto,
		addr_port(e->dst), e->user });
	judge_quic(conf, e, o);
	o->by_name = o->host != NULL;
	/* No host has a made-up address: without its name, or direct, the flow leads nowhere. */
	if (e->fake && (e->dns == NULL || o->verdict.action == ACTION_DIRECT))
		o->reason = CLOSE_STALE_ADDRESS;
	else if (o->verdict.action == ACTION_BLOCK)
		o->reason = CLOSE_BLOCKED;
}
