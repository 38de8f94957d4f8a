#include "config.h"

#include "helper/helper_proxies.h"

#include "base/log.h"
#include "host/resolve.h"

struct helper_lookup {
	struct helper_proxies *all;
	struct resolve        *resolve;         /* NULL: no lookup is under way */
};

static void
lookup_cb(void *arg, const union addr *addrs, size_t naddrs)
{
	struct helper_lookup *lookup = arg;
	struct helper_proxies *all = lookup->all;
	const struct conf_proxy *proxy = &all->conf->proxies[lookup - all->lookups];

	lookup->resolve = NULL;
	if (naddrs == 0)
		log_warn("proxy %u: this host's resolver finds no address for %s", proxy->id, proxy->host);
	all->known(all->arg, proxy->index, addrs, naddrs);
}

void
helper_proxies_resolve(struct helper_proxies *all, size_t index)
{
	const struct conf_proxy *proxy = &all->conf->proxies[index];
	struct helper_lookup *lookup = all->lookups != NULL ? &all->lookups[index] : NULL;
	union addr addr;

	if (lookup == NULL || lookup->resolve != NULL || addr_parse(proxy->host, proxy->port, &addr) == 0)
		return;
	lookup->all = all;
	lookup->resolve = resolve_start(all->loop, proxy->host, all->uid, all->gid, lookup_cb, lookup);
}

void
helper_proxies_end(struct helper_proxies *all)
{
	for (size_t i = 0; all->lookups != NULL && i < all->conf->nproxies; i++)
		if (all->lookups[i].resolve != NULL)
			resolve_cancel(all->lookups[i].resolve);
	free(all->lookups);
	all->lookups = NULL;
}

void
helper_proxies_set_conf(struct helper_proxies *all, const struct conf *conf)
{
	helper_proxies_end(all);
	all->conf = conf;
	all->lookups = calloc(conf->nproxies + 1, sizeof(*all->lookups));
	for (size_t i = 0; i < conf->nproxies; i++)
		helper_proxies_resolve(all, i);
}
