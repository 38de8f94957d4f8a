#include "config.h"

#include "worker/upstream/policy.h"

#include "base/log.h"

#include <strings.h>

#define BACKOFF_MIN 10.0
#define BACKOFF_MAX 60.0

static int
policy_copy_resolvers(struct policy *policy, const union addr *addrs, size_t naddrs)
{
	union addr *copy = calloc(naddrs + 1, sizeof(*copy));

	if (copy == NULL)
		return ENOMEM;
	for (size_t i = 0; i < naddrs; i++)
		copy[i] = addrs[i];
	free(policy->resolvers);
	policy->resolvers = copy;
	policy->nresolvers = naddrs;
	return 0;
}

struct policy *
policy_new(struct conf *conf, uint32_t generation)
{
	struct policy *policy = calloc(1, sizeof(*policy));

	if (policy == NULL)
		return NULL;
	policy->proxies = calloc(conf->nproxies + 1, sizeof(*policy->proxies));
	if (policy->proxies == NULL ||
	    policy_copy_resolvers(policy, conf->dns.servers, conf->dns.nservers) != 0) {
		free(policy->proxies);
		free(policy);
		return NULL;
	}
	for (size_t i = 0; i < conf->nproxies; i++) {
		policy->proxies[i].conf = &conf->proxies[i];
		if (addr_parse(conf->proxies[i].host, conf->proxies[i].port, &policy->proxies[i].addrs[0]) == 0)
			policy->proxies[i].naddrs = 1;
	}
	policy->refs = 1;
	policy->generation = generation;
	policy->conf = conf;
	return policy;
}

struct policy *
policy_ref(struct policy *policy)
{
	policy->refs++;
	return policy;
}

void
policy_unref(struct policy *policy)
{
	if (policy == NULL || --policy->refs > 0)
		return;
	conf_free(policy->conf);
	free(policy->proxies);
	free(policy->resolvers);
	free(policy);
}

static const struct proxy *
policy_find_proxy(const struct policy *policy, const struct conf_proxy *conf)
{
	for (const struct proxy *p = policy->proxies; p < policy->proxies + policy->conf->nproxies; p++)
		if (p->conf->kind == conf->kind && p->conf->port == conf->port &&
		    strcasecmp(p->conf->host, conf->host) == 0)
			return p;
	return NULL;
}

void
policy_inherit(struct policy *policy, const struct policy *older)
{
	for (size_t i = 0; i < policy->conf->nproxies; i++) {
		struct proxy *proxy = &policy->proxies[i], fresh = *proxy;
		const struct proxy *known = policy_find_proxy(older, fresh.conf);

		if (known == NULL)
			continue;
		*proxy = *known;
		proxy->conf = fresh.conf;
		proxy->retry_at = 0;
		proxy->backoff = 0;
		memset(proxy->ways, 0, sizeof(proxy->ways));
		if (fresh.naddrs > 0)
			policy_set_proxy(policy, i, fresh.addrs, fresh.naddrs);
	}
}

void
policy_set_proxy(struct policy *policy, size_t index, const union addr *addrs, size_t naddrs)
{
	struct proxy *proxy;
	union addr preferred;

	if (index >= policy->conf->nproxies || naddrs == 0)
		return;
	proxy = &policy->proxies[index];
	preferred = proxy->addrs[proxy->preferred];
	proxy->naddrs = naddrs < PROXY_ADDRS ? naddrs : PROXY_ADDRS;
	proxy->preferred = 0;
	for (size_t i = 0; i < proxy->naddrs; i++) {
		proxy->addrs[i] = addrs[i];
		addr_set_port(&proxy->addrs[i], proxy->conf->port);
		if (addr_equal(&proxy->addrs[i], &preferred))
			proxy->preferred = i;
	}
}

int
policy_set_resolvers(struct policy *policy, const union addr *addrs, const char (*domains)[POLICY_DOMAIN_MAX],
    size_t n)
{
	union addr *general;
	size_t ngeneral = 0;
	int error;

	if (policy->conf->dns.nservers > 0)
		return 0;
	general = calloc(n + 1, sizeof(*general));
	if (general == NULL)
		return ENOMEM;
	policy->ndomains = 0;
	for (size_t i = 0; i < n; i++) {
		if (domains[i][0] == '\0') {
			general[ngeneral++] = addrs[i];
		} else if (policy->ndomains < POLICY_DOMAINS) {
			policy->domains[policy->ndomains].server = addrs[i];
			memcpy(policy->domains[policy->ndomains++].domain, domains[i], POLICY_DOMAIN_MAX);
		}
	}
	for (size_t i = 0; i < policy->conf->nproxies; i++)
		memset(policy->proxies[i].ways, 0, sizeof(policy->proxies[i].ways));
	error = policy_copy_resolvers(policy, general, ngeneral);
	free(general);
	return error;
}

union addr
policy_domain_server(const struct policy *policy, const char *name)
{
	const struct policy_domain *best = NULL;
	const size_t len = strlen(name);

	for (const struct policy_domain *d = policy->domains; d < policy->domains + policy->ndomains; d++) {
		const size_t n = strlen(d->domain);

		if (n <= len && strcasecmp(name + len - n, d->domain) == 0 && (n == len || name[len - n - 1] == '.') &&
		    (best == NULL || n > strlen(best->domain)))
			best = d;
	}
	return best != NULL ? best->server : addr_none;
}

bool
policy_is_proxy_host(const struct policy *policy, const char *host)
{
	size_t len = strlen(host), proxy_len;

	if (len > 0 && host[len - 1] == '.')
		len--;
	for (size_t i = 0; i < policy->conf->nproxies; i++) {
		const char *name = policy->conf->proxies[i].host;

		proxy_len = strlen(name);
		if (proxy_len > 0 && name[proxy_len - 1] == '.')
			proxy_len--;
		if (len == proxy_len && strncasecmp(host, name, len) == 0)
			return true;
	}
	return false;
}

struct proxy *
policy_proxy(struct policy *policy, const struct conf_proxy *conf)
{
	return &policy->proxies[conf->index];
}

void
policy_proxy_up(struct proxy *proxy)
{
	const struct conf_proxy *conf = proxy->conf;

	proxy->connects++;
	if (!proxy->down)
		return;
	proxy->down = false;
	proxy->backoff = 0;
	log_info("proxy up: id=%u name=\"%s\" host=%s port=%u", conf->id, conf->name, conf->host,
	    (unsigned)conf->port);
}

void
policy_proxy_down(struct proxy *proxy, enum close_reason why, double now)
{
	const struct conf_proxy *conf = proxy->conf;

	proxy->failures++;
	if (proxy->down && now < proxy->retry_at)
		return;         /* this attempt began before; only a failed retry makes the wait longer */
	proxy->backoff = proxy->backoff > 0 ? proxy->backoff * 2 : BACKOFF_MIN;
	if (proxy->backoff > BACKOFF_MAX)
		proxy->backoff = BACKOFF_MAX;
	proxy->retry_at = now + proxy->backoff;
	if (proxy->down)
		return;
	proxy->down = true;
	log_warn("proxy down: id=%u name=\"%s\" host=%s port=%u reason=%s", conf->id, conf->name, conf->host,
	    (unsigned)conf->port, close_reason_name(why));
}
