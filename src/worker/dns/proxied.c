#include "config.h"

#include "worker/dns/proxied.h"

#include <ev.h>

#include "conf/rule.h"
#include "wire/dns_local.h"
#include "worker/dns/dns_fake.h"
#include "worker/upstream/proxy_way.h"

/* Answers with a made-up address. */
static void
query_fake(struct query *q)
{
	const struct worker_env *env = q->proxy->env;
	uint8_t msg[DNS_REPLY_MAX];
	size_t len;

	if (dns_fake_answer(env, q->request->msg, &q->parsed, q->name, ev_now(env->loop), msg, &len) == 0)
		query_answer(q, msg, len, CLOSE_DONE);
	else
		query_reply(q, DNS_SERVFAIL, NULL, CLOSE_LIMIT);
}

bool
query_way_failed(struct query *q, const struct dns_result *r)
{
	const bool waits = ev_is_active(&q->patience);
	enum name_way told = dns_way_told(r);

	ev_timer_stop(q->proxy->env->loop, &q->patience);
	if (q->way.proxy != NULL && told != NAME_UNTRIED && !r->cached)
		told = proxy_way_note(q->way.proxy, &q->way.server, told, ev_now(q->proxy->env->loop));
	if (!waits || told < NAME_FAKE)
		return false;
	query_fake(q);
	return true;
}

void
query_private(struct query *q)
{
	const struct policy *p = q->route.policy;

	q->record.verdict = (struct verdict){ .action = ACTION_DIRECT };
	for (size_t i = 0; i < p->nresolvers && !addr_is_set(&q->route.server); i++)
		if (dns_local_resolver(&p->resolvers[i]))
			q->route.server = p->resolvers[i];
	if (dns_local_resolver(&q->route.server))
		query_ask(q);
	else
		query_reply(q, DNS_NXDOMAIN, NULL, CLOSE_DONE);
}

static void
query_probe(struct query *q)
{
	struct dns_proxy *p = q->proxy;

	dns_probe_begin(&p->probes, &p->resolver, &q->route, &q->way, q->request->msg, q->request->len, &q->parsed);
}

/* The answer does not come in the time that the proxy needs. It is still awaited, for what it tells about the way. */
static void
query_patience_cb(struct ev_loop *loop, ev_timer *w, int revents)
{
	struct query *q = w->data;
	const double all = proxy_way_patience(q->way.proxy, q->way.way), now = ev_now(loop);

	if (now - q->record.began < all) {
		ev_timer_set(w, all - (now - q->record.began), 0.);
		ev_timer_start(loop, w);
		return;
	}
	proxy_way_note(q->way.proxy, &q->way.server, NAME_SILENT, now);
	query_probe(q);
	dns_wait_cancel(&q->wait);
	query_fake(q);
}

/* Looks a name up through its proxies; if that can fail and a made-up address would do, within limits. */
static void
query_lookup(struct query *q)
{
	struct ev_loop *loop = q->proxy->env->loop;

	q->record.dst = q->route.server;
	if (!addr_is_set(&q->route.server)) {
		query_reply(q, DNS_SERVFAIL, NULL, CLOSE_NO_DESTINATION);
		return;
	}
	if (q->route.policy->conf->dns.fake_ip_mode == FAKE_IP_AUTO &&
	    dns_fake_may(q->proxy->env, &q->parsed, q->name)) {
		ev_timer_init(&q->patience, query_patience_cb, PROXY_WAY_PATIENCE_S, 0.);
		q->patience.data = q;
		ev_timer_start(loop, &q->patience);
	}
	query_ask(q);
}

void
query_proxy(struct query *q)
{
	const struct verdict *v = &q->record.verdict;
	struct policy *policy = q->route.policy;

	if (v->nproxies == 0) { /* not direct instead: that would reveal the name */
		query_reply(q, DNS_SERVFAIL, NULL, CLOSE_PROXY_DOWN);
		return;
	}
	dns_way_choose(policy, v, q->name, &q->request->meant, ev_now(q->proxy->env->loop), &q->way);
	q->route.proxies = v->proxies;
	q->route.nproxies = v->nproxies;
	q->route.server = q->way.server;
	if (q->way.way < NAME_FAKE || (q->way.way == NAME_FAKE && !rule_always_proxied(policy->conf, q->name))) {
		query_lookup(q);
	} else if (dns_fake_may(q->proxy->env, &q->parsed, q->name)) {
		if (q->way.retry)
			query_probe(q);
		query_fake(q);
	} else if (q->way.way == NAME_LOCAL && dns_stays_here(q->name)) {
		q->route.nproxies = 0;
		q->route.server = q->request->meant;
		query_private(q);
	} else {
		query_lookup(q);
	}
}

bool
query_reverse(struct query *q)
{
	uint8_t msg[DNS_REPLY_MAX];
	size_t len;
	int error = dns_fake_reverse(q->proxy->env, q->request->msg, &q->parsed, q->name, msg, &len);

	if (error == 0)
		query_answer(q, msg, len, CLOSE_DONE);
	return error == 0;
}
