#include "config.h"

#include "helper_proxies.h"

#include <stdlib.h>

#include "log.h"
#include "resolve.h"

struct helper_lookup {
	LIST_ENTRY(helper_lookup) next;
	struct helper_proxies *all;
	struct resolve        *resolve;
	size_t                 index;
};

static void
lookup_cb(void *arg, const union addr *addrs, size_t naddrs)
{
	struct helper_lookup *lookup = arg;
	struct helper_proxies *all = lookup->all;
	const struct conf_proxy *proxy = &all->conf->proxies[lookup->index];

	LIST_REMOVE(lookup, next);
	free(lookup);
	if (naddrs == 0)
		log_warn("proxy %u: the name %s is not known to this host's resolver", proxy->id, proxy->host);
	all->known(all->arg, proxy->index, addrs, naddrs);
}

void
helper_proxies_resolve(struct helper_proxies *all, size_t index)
{
	const struct conf_proxy *proxy = &all->conf->proxies[index];
	struct helper_lookup *lookup;
	union addr addr;

	LIST_FOREACH(lookup, &all->lookups, next)
		if (lookup->index == index)
			return;
	if (addr_parse(proxy->host, proxy->port, &addr) == 0)
		return;
	lookup = calloc(1, sizeof(*lookup));
	if (lookup == NULL)
		return;
	lookup->all = all;
	lookup->index = index;
	lookup->resolve = resolve_start(all->loop, proxy->host, all->uid, all->gid, lookup_cb, lookup);
	if (lookup->resolve != NULL)
		LIST_INSERT_HEAD(&all->lookups, lookup, next);
	else
		free(lookup);
}

void
helper_proxies_end(struct helper_proxies *all)
{
	struct helper_lookup *lookup;

	while ((lookup = LIST_FIRST(&all->lookups)) != NULL) {
		LIST_REMOVE(lookup, next);
		resolve_cancel(lookup->resolve);
		free(lookup);
	}
}

void
helper_proxies_set_conf(struct helper_proxies *all, const struct conf *conf)
{
	helper_proxies_end(all);
	all->conf = conf;
	for (size_t i = 0; i < conf->nproxies; i++)
		helper_proxies_resolve(all, i);
}
