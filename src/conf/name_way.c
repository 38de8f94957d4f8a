#include "config.h"

#include "conf/name_way.h"

#include "conf/rule.h"

#define DNS_PORT 53

const char *
name_way_reason(enum name_way way)
{
	static const char *const reasons[] = {
		[NAME_FAKE] = "dns.fake_ip names a network",
		[NAME_KIND] = "a proxy of this kind is given names, and need not let DNS through",
		[NAME_SEVERAL] = "there are several proxies, and the address of a name need not be the same at each",
		[NAME_LOCAL] = "the resolver has a private, loopback or link-local address, which is another host at "
		    "the proxy",
		[NAME_REFUSED] = "the proxy does not reach the resolver",
		[NAME_DENIED] = "the resolver refuses to answer the proxy",
		[NAME_SILENT] = "the resolver does not answer through the proxy in time",
	};

	return way < NAME_FAKE ? "" : reasons[way];
}

/* Is this the same host at the proxy? A private address is, if a rule names it and sends it to a proxy. */
static bool
is_beyond(const struct conf *conf, const union addr *server)
{
	struct verdict v;

	if (!addr_is_set(server) || addr_is_loopback(server) || addr_is_linklocal(server) || addr_is_any(server))
		return false;
	if (!addr_is_private(server))
		return true;
	v = rule_match(conf, &(struct rule_query){ .dst = server, .proto = IPPROTO_TCP, .port = DNS_PORT,
		.user = RULE_USER_UNKNOWN });
	return v.rule != NULL && v.action == ACTION_PROXY;
}

union addr
name_server(const struct conf *conf, const struct conf_proxy *proxy, const union addr *meant, const union addr *list,
    size_t n)
{
	if (addr_is_set(&proxy->dns_server))
		return proxy->dns_server;
	if (is_beyond(conf, meant))
		return *meant;
	for (size_t i = 0; i < n; i++)
		if (is_beyond(conf, &list[i]))
			return list[i];
	if (addr_is_private(meant))
		return *meant;
	for (size_t i = 0; i < n; i++)
		if (addr_is_private(&list[i]))
			return list[i];
	return addr_none;
}

enum name_way
name_way(const struct conf *conf, const struct conf_proxy *proxy, const union addr *server)
{
	if (conf->dns.fake_ip_mode == FAKE_IP_ALWAYS)
		return NAME_FAKE;
	if (conf->dns.fake_ip_mode == FAKE_IP_OFF)
		return NAME_UNTRIED;
	if (proxy->kind->by_name)
		return NAME_KIND;
	if (!addr_is_set(&proxy->dns_server) && !is_beyond(conf, server))
		return NAME_LOCAL;
	return NAME_UNTRIED;
}

void
name_ways_print(FILE *out, const struct conf *conf, const union addr *resolvers, size_t n)
{
	char text[ADDR_TEXT_MAX];

	for (const struct conf_proxy *p = conf->proxies; p < conf->proxies + conf->nproxies; p++) {
		const union addr server = name_server(conf, p, &addr_none, resolvers, n);
		const enum name_way way = name_way(conf, p, &server);

		if (!p->enabled)
			continue;
		if (way >= NAME_FAKE)
			fprintf(out, "proxy %u: its names get made-up addresses: %s\n", p->id, name_way_reason(way));
		else
			fprintf(out, "proxy %u: its names are looked up through it, at %s%s\n", p->id,
			    addr_is_set(&server) ? addr_format(&server, text) : "no resolver",
			    conf->dns.fake_ip_mode == FAKE_IP_AUTO ? "; made-up addresses where that fails" : "");
	}
	for (const struct conf_rule *r = conf->rules; r < conf->rules + conf->nrules; r++)
		if (r->enabled && r->nproxies > 1 && conf->dns.fake_ip_mode == FAKE_IP_AUTO)
			fprintf(out, "rule %u: its names get made-up addresses: %s\n", r->id,
			    name_way_reason(NAME_SEVERAL));
}
