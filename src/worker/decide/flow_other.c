#include "config.h"

#include "worker/decide/flow_other.h"

#include "host/ifaddrs.h"
#include "worker/name/names.h"

/* Is it an address of this name that may be used now? */
static bool
is_vouched(const struct name *name, const union addr *addr, double now)
{
	union addr other;

	name_addr(name, &other);
	return addr_same_ip(&other, addr) && name_vouched(name) >= now;
}

/* Do the rules and the kinds of addresses allow it? */
static bool
is_allowed(const struct decision *d, const char *host, const union addr *addr)
{
	const struct rule_query q = { host, addr, d->flow->proto, addr_port(addr), d->user };

	return rule_match(d->conf, &q).action == ACTION_DIRECT && !addr_is_any(addr) && !addr_is_loopback(addr) &&
	    !addr_is_multicast(addr) && !addr_is_linklocal(addr) && ifaddrs_has(addr) != 0;
}

size_t
flow_other_addrs(const struct decision *d, const uint8_t *data, size_t len, double now, union addr out[], size_t max)
{
	const union addr *dst = flow_decide_addr(d);
	const struct name *first, *name;
	struct sniffed said;
	bool known = false;
	size_t n = 0;

	if (dst->sa.sa_family != AF_INET6 || sniff_host(data, len, &said) != SNIFF_FOUND || said.text[0] == '\0' ||
	    said.proxy_request || (said.outer && names_is_outer(d->env->names, said.text)))
		return 0;
	first = names_of_host(d->env->names, said.text);
	for (name = first; name != NULL && !known; name = name_next_of_host(name))
		known = is_vouched(name, dst, now);
	for (name = first; known && name != NULL && n < max; name = name_next_of_host(name)) {
		name_addr(name, &out[n]);
		addr_set_port(&out[n], addr_port(dst));
		if (out[n].sa.sa_family == AF_INET && is_vouched(name, &out[n], now) &&
		    is_allowed(d, said.text, &out[n]))
			n++;
	}
	return n;
}
