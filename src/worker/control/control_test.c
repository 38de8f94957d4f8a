/*
 * "test": the decision about a flow that does not exist. flow_judge() makes it, as for every flow.
 */
#include "config.h"

#include "host/udp.h"
#include "worker/control/control_internal.h"
#include "worker/decide/flow_judge.h"
#include "worker/name/fake_ip.h"
#include "worker/record/control_json.h"

/* The question, and the decision. */
struct test {
	int              proto;
	uint16_t         port;
	union addr       dst;           /* not set: the name has no known address */
	struct sniffed   said;
	struct evidence  evidence;
	struct outcome   outcome;
};

/* A name is one that a client says, to the address that was learned for it last. */
static void
test_name(const struct worker_env *env, const char *host, struct test *t)
{
	const struct name *known;

	strcpy(t->said.text, host);
	t->said.via = "sni";
	if (!sniff_normalize(t->said.text))
		return;
	known = names_of_host(env->names, t->said.text);
	if (known != NULL)
		name_addr(known, &t->dst);
	addr_set_port(&t->dst, t->port);
}

static void
test_make(const struct control_client *c, struct test *t)
{
	const struct worker_env *env = c->control->env;
	const struct control_request *r = &c->request;

	*t = (struct test){ .proto = r->protocol != 0 ? r->protocol : IPPROTO_TCP, .port = r->port != 0 ? r->port : 443,
		.dst = addr_none };
	if (addr_parse(r->host, t->port, &t->dst) != 0)
		test_name(env, r->host, t);
	t->evidence = (struct evidence){ .proto = t->proto, .dst = addr_is_set(&t->dst) ? &t->dst : NULL,
		.port = t->port, .user = RULE_USER_UNKNOWN, .said = &t->said, .names = env->names };
	t->evidence.fake = t->evidence.dst != NULL && fake_ip_covers(env->fake_ip, &t->dst);
	if (t->evidence.fake)
		t->evidence.fake_name = fake_ip_lookup(env->fake_ip, &t->dst);
	flow_judge(env->policy->conf, &t->evidence, &t->outcome);
}

static bool
is_proxy(const struct policy *p, const union addr *dst)
{
	for (size_t i = 0; i < p->conf->nproxies; i++)
		for (size_t k = 0; k < p->proxies[i].naddrs; k++)
			if (addr_same_ip(&p->proxies[i].addrs[k], dst))
				return true;
	return false;
}

/* Mode "matched": does the firewall send the flow to us? */
static bool
is_matched(const struct worker_env *env, const struct test *t)
{
	const struct conf *conf = env->policy->conf;
	const struct name *name = t->evidence.dst != NULL ? names_of_addr(env->names, &t->dst) : NULL;

	if (t->proto == IPPROTO_TCP && port_list_contains(&conf->intercept.sniff_ports, t->port))
		return true;
	if (t->evidence.dst == NULL)
		return rule_strictest(conf, t->said.text) != ACTION_DIRECT;
	for (; name != NULL; name = name_next_of_addr(name))
		if (name_rank(name) != ACTION_DIRECT)
			return true;
	return t->evidence.fake || rule_may_catch_address(conf, &t->dst);
}

/* Why the firewall leaves the flow alone; NULL: it does not. */
static const char *
test_untouched(const struct worker_env *env, const struct test *t)
{
	const struct conf *conf = env->policy->conf;
	const bool tcp = t->proto == IPPROTO_TCP;
	const union addr *dst = t->evidence.dst;

	if (!conf->global_enabled || env->paused)
		return "nothing is intercepted at the moment";
	if (!port_list_contains(tcp ? &conf->intercept.tcp_ports : &conf->intercept.udp_ports, t->port))
		return tcp ? "the port is not in intercept.tcp_ports" : "the port is not in intercept.udp_ports";
	if (dst != NULL && (addr_is_loopback(dst) || addr_is_linklocal(dst) || addr_is_multicast(dst)))
		return "the address is a loopback, link-local or multicast address";
	if (dst != NULL && networks_contain(conf->intercept.exclude, conf->intercept.nexclude, dst))
		return "the address is in intercept.exclude";
	if (dst != NULL && is_proxy(env->policy, dst))
		return "the address is a proxy's";
	if (dst != NULL && udp_is_own(dst))
		return "the address is this host's";
	if (conf->intercept.mode == MODE_MATCHED && !is_matched(env, t))
		return "mode \"matched\": no rule can catch the flow";
	return NULL;
}

/* Why a flow that a rule sends to a proxy fails; NULL: it does not. */
static const char *
test_refused(const struct worker_env *env, const struct test *t)
{
	const struct verdict *v = &t->outcome.verdict;
	bool able = false;

	if (t->outcome.reason != CLOSE_DONE)
		return close_reason_name(t->outcome.reason);
	if (v->action != ACTION_PROXY || t->proto != IPPROTO_UDP)
		return NULL;
	for (size_t i = 0; i < v->nproxies; i++) {
		const struct proxy *proxy = policy_proxy(env->policy, v->proxies[i]);

		able = able || (v->proxies[i]->kind->carries_udp &&
		    (!proxy->udp_known || proxy->udp || t->outcome.insist));
	}
	return able ? NULL : close_reason_name(CLOSE_SOCKS_COMMAND);
}

static void
put_verdict(yajl_gen g, const char *key, const struct verdict *v)
{
	put_map(g, key);
	put_text(g, "action", action_name(v->action));
	if (v->rule != NULL)
		put_number(g, "rule", v->rule->id);
	put_proxies(g, v->proxies, v->action == ACTION_PROXY ? v->nproxies : 0);
	yajl_gen_map_close(g);
}

/* The last line. */
static void
put_outcome(const struct control_client *c, yajl_gen g, const struct test *t)
{
	const struct worker_env *env = c->control->env;
	const struct outcome *o = &t->outcome;
	const char *untouched = test_untouched(env, t);
	struct verdict dns;
	bool by_name;

	put_verdict(g, "verdict", &o->verdict);
	put_addr(g, "destination", &t->dst);
	put_text(g, "host", o->host);
	put_bool(g, "intercepted", untouched == NULL);
	if (untouched != NULL)
		put_text(g, "untouched", untouched);
	put_text(g, "refused", test_refused(env, t));
	if (o->verdict.action == ACTION_PROXY) {
		by_name = o->host != NULL && (t->evidence.fake || t->evidence.dst == NULL ||
		    target_is_by_name(o->name, o->verdict.proxies[0]));
		put_text(g, "sent", by_name ? "name" : "address");
	}
	if (t->said.text[0] == '\0')
		return;
	dns = rule_match(env->policy->conf, &(struct rule_query){ .host = t->said.text });
	put_verdict(g, "dns", &dns);
}

bool
control_test_begin(struct control_client *c, yajl_gen g)
{
	if (c->request.host[0] != '\0')
		return true;
	control_error(c, "the request has no \"host\"; name one");
	return false;
}

/* One line for each rule up to the one that matches, then the outcome. */
bool
control_test_more(struct control_client *c, yajl_gen g)
{
	static const char *const misses[] = {
		[RULE_MATCHES] = "matches", [RULE_DISABLED] = "disabled", [RULE_PATTERN] = "pattern",
		[RULE_PROTOCOL] = "protocol", [RULE_PORTS] = "ports", [RULE_USER] = "user",
	};
	const struct conf *conf = c->control->env->policy->conf;
	const struct conf_rule *rule;
	struct rule_query q;
	struct test t;

	if (c->cursor == UINT64_MAX)
		return false;
	test_make(c, &t);
	rule = &conf->rules[c->cursor];
	if (c->cursor < conf->nrules && (t.outcome.verdict.rule == NULL || rule <= t.outcome.verdict.rule)) {
		q = (struct rule_query){ t.outcome.host, t.evidence.fake ? NULL : t.evidence.dst, t.proto, t.port,
			RULE_USER_UNKNOWN };
		put_number(g, "rule", rule->id);
		put_text(g, "name", rule->name);
		put_text(g, "pattern", rule->pattern);
		put_text(g, "why", misses[rule_explain(conf, rule, &q)]);
		c->cursor++;
		return true;
	}
	c->cursor = UINT64_MAX;
	put_outcome(c, g, &t);
	return true;
}
