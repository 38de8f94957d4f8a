#include "config.h"

#include "worker/upstream/proxy_way.h"

#include "base/log.h"

/* The entry of this resolver; if there is none, the one to replace, with *found false. */
static struct proxy_way *
way_find(struct proxy *proxy, const union addr *server, bool *found)
{
	struct proxy_way *oldest = &proxy->ways[0];

	*found = true;
	for (struct proxy_way *w = proxy->ways; w < proxy->ways + PROXY_WAYS; w++) {
		if (addr_equal(&w->server, server))
			return w;
		if (w->used < oldest->used)
			oldest = w;
	}
	*found = false;
	return oldest;
}

enum name_way
proxy_way_look(struct proxy *proxy, const union addr *server, double now, bool *retry)
{
	bool found;
	struct proxy_way *w = way_find(proxy, server, &found);

	*retry = false;
	if (!found)
		return NAME_UNTRIED;
	w->used = now;
	if (w->way < NAME_FAKE || now < w->retry_at)
		return w->way;
	*retry = true;
	w->retry_at = now + PROXY_WAY_RETRY_S;
	return w->way;
}

enum name_way
proxy_way_known(const struct policy *policy, const struct proxy *proxy)
{
	const union addr server = name_server(policy->conf, proxy->conf, &addr_none, policy->resolvers,
	    policy->nresolvers);
	const enum name_way fixed = name_way(policy->conf, proxy->conf, &server);
	enum name_way way = fixed;
	double used = 0;

	for (const struct proxy_way *w = proxy->ways; fixed < NAME_FAKE && w < proxy->ways + PROXY_WAYS; w++) {
		if (addr_is_set(&w->server) && w->used >= used) {
			used = w->used;
			way = w->way;
		}
	}
	return way;
}

enum name_way
proxy_way_note(struct proxy *proxy, const union addr *server, enum name_way way, double now)
{
	bool found;
	struct proxy_way *w = way_find(proxy, server, &found);
	const enum name_way before = found ? w->way : NAME_UNTRIED;
	char text[ADDR_TEXT_MAX];

	if (before == NAME_LOOKED_UP && (way == NAME_DENIED || (way == NAME_SILENT && ++w->silent < PROXY_WAY_SILENT)))
		return before;
	*w = (struct proxy_way){ .server = *server, .way = way, .retry_at = now + PROXY_WAY_RETRY_S, .used = now };
	if (way == NAME_LOOKED_UP && before >= NAME_FAKE)
		log_info("dns: names of proxy %u are looked up through it again, at %s", proxy->conf->id,
		    addr_format(server, text));
	else if (way >= NAME_FAKE && before < NAME_FAKE)
		log_info("dns: names of proxy %u get made-up addresses: %s, %s", proxy->conf->id,
		    name_way_reason(way), addr_format(server, text));
	return way;
}

double
proxy_way_patience(const struct proxy *proxy, enum name_way way)
{
	const double proven = way == NAME_LOOKED_UP ? PROXY_WAY_PROVEN_S : 0;

	if (proxy->rtt <= 0)
		return PROXY_WAY_UNKNOWN_S + proven;
	return PROXY_WAY_PATIENCE_S + PROXY_WAY_ROUNDS * proxy->rtt + proven;
}
