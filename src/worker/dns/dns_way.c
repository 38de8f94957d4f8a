#include "config.h"

#include "worker/dns/dns_way.h"

#include <ev.h>

#include "worker/upstream/proxy_way.h"

struct dns_probe {
	LIST_ENTRY(dns_probe) link;
	struct dns_probes    *all;
	struct ev_loop       *loop;
	struct policy        *policy;           /* holds a reference: proxy is part of it */
	struct dns_way        way;
	struct dns_wait       wait;
};

void
dns_way_choose(struct policy *policy, const struct verdict *v, const char *name, const union addr *meant, double now,
    struct dns_way *out)
{
	const struct conf *conf = policy->conf;
	const struct conf_proxy *proxy = v->proxies[0];
	enum name_way tried;

	*out = (struct dns_way){ .server = name_server(conf, proxy, meant, policy->resolvers, policy->nresolvers) };
	out->way = name_way(conf, proxy, &out->server);
	if (conf->dns.fake_ip_mode != FAKE_IP_AUTO)
		return;
	if (!rule_has_one_proxy(conf, name, proxy)) {
		out->way = NAME_SEVERAL;
		return;
	}
	out->proxy = policy_proxy(policy, proxy);
	tried = proxy_way_look(out->proxy, &out->server, now, &out->retry);
	if (out->way == NAME_UNTRIED)
		out->way = tried;
	else
		out->retry = false;
}

/* REFUSED comes from resolvers that answer their own network only. */
enum name_way
dns_way_told(const struct dns_result *r)
{
	if (r->msg != NULL)
		return r->answer.rcode == DNS_REFUSED || r->answer.rcode == DNS_NOTIMP ? NAME_DENIED : NAME_LOOKED_UP;
	if (r->reason == CLOSE_DNS_TIMEOUT || r->reason == CLOSE_PROXY_TIMEOUT)
		return NAME_SILENT;
	if (r->reason == CLOSE_SERVER_RESET || r->reason == CLOSE_PROXY_CLOSED || r->reason == CLOSE_HTTP_STATUS ||
	    (r->reason >= CLOSE_SOCKS_FAILURE && r->reason <= CLOSE_SOCKS_UNASSIGNED))
		return NAME_REFUSED;
	return NAME_UNTRIED;
}

static void
probe_end(struct dns_probe *p)
{
	dns_wait_cancel(&p->wait);
	LIST_REMOVE(p, link);
	p->all->count--;
	policy_unref(p->policy);
	free(p);
}

static void
probe_result_cb(void *arg, const struct dns_result *r)
{
	struct dns_probe *p = arg;
	const enum name_way told = dns_way_told(r);

	if (told != NAME_UNTRIED && !r->cached)
		proxy_way_note(p->way.proxy, &p->way.server, told, ev_now(p->loop));
	probe_end(p);
}

void
dns_probe_begin(struct dns_probes *all, struct dns_resolver *resolver, const struct dns_route *route,
    const struct dns_way *way, const uint8_t *msg, size_t len, const struct dns_query *q)
{
	struct dns_result result;
	struct dns_probe *p;

	LIST_FOREACH(p, &all->list, link)
		if (p->way.proxy == way->proxy && addr_equal(&p->way.server, &way->server))
			return;
	p = all->count < DNS_PROBES ? calloc(1, sizeof(*p)) : NULL;
	if (p == NULL)
		return;
	p->all = all;
	p->loop = resolver->forward.streams.env->loop;
	p->policy = policy_ref(route->policy);
	p->way = *way;
	p->wait = (struct dns_wait){ .cb = probe_result_cb, .arg = p };
	LIST_INSERT_HEAD(&all->list, p, link);
	all->count++;
	if (dns_resolver_ask(resolver, route, msg, len, q, &p->wait, &result) != EINPROGRESS)
		probe_end(p);
}

void
dns_probes_end(struct dns_probes *all)
{
	while (!LIST_EMPTY(&all->list))
		probe_end(LIST_FIRST(&all->list));
}
