#include "config.h"

#include "ctl/leaks_internal.h"

#include "conf/rule.h"
#include "ctl/ctl.h"

#define DNS 53

bool
leaks_flow(const struct leaks *l, const char *host, const union addr *dst, int proto, uint16_t port)
{
	const bool tcp = proto == IPPROTO_TCP;
	const struct rule_query q = { .host = host, .dst = dst, .proto = proto, .port = port,
		.user = RULE_USER_UNKNOWN };

	return !port_list_contains(tcp ? &l->conf->intercept.tcp_ports : &l->conf->intercept.udp_ports, port) ||
	    rule_match(l->conf, &q).action == ACTION_DIRECT;
}

bool
leaks_kept(const struct leaks *l, const char *host)
{
	return rule_match(l->conf, &(struct rule_query){ .host = host }).action == ACTION_PROXY;
}

static bool
contains(const struct network *list, size_t n, const union addr *a)
{
	while (n > 0 && !network_contains(&list[n - 1], a))
		n--;
	return n > 0;
}

bool
leaks_listens(const struct leaks *l, int family)
{
	for (size_t i = 0; i < l->conf->listen.naddresses; i++)
		if (l->conf->listen.addresses[i].sa.sa_family == family)
			return true;
	return false;
}

static bool
is_proxy(const struct conf *conf, const union addr *a)
{
	union addr list[8];

	for (size_t i = 0; i < conf->nproxies; i++)
		for (size_t n = ctl_resolve(conf->proxies[i].host, 0, list, 8); n > 0; n--)
			if (addr_same_ip(&list[n - 1], a))
				return true;
	return false;
}

/* Why packets to this resolver are not intercepted, and the cure; NULL: they are. */
static const char *
never_intercepted(const struct leaks *l, const union addr *a)
{
	if (addr_is_linklocal(a))
		return "is link-local, and such addresses are never intercepted: use another resolver";
	if (contains(l->conf->intercept.exclude, l->conf->intercept.nexclude, a))
		return "is in intercept.exclude: take it out there, or use another resolver";
	if (is_proxy(l->conf, a))
		return "is also a proxy, and addresses of proxies are never intercepted: use another resolver";
	if (!leaks_listens(l, a->sa.sa_family))
		return "has an address family without listener: add \"127.0.0.1\" or \"::1\" to listen.addresses";
	if (addr_port(a) != DNS && leaks_flow(l, NULL, a, IPPROTO_UDP, addr_port(a)))
		return "is asked on another port than 53, which is not treated as DNS: use port 53, or a rule for this "
		    "address";
	return NULL;
}

void
leaks_resolver(struct leaks *l, const char *path, const char *word, uint16_t port)
{
	const bool v6 = strchr(word, ':') != strrchr(word, ':');
	char text[ADDR_TEXT_MAX], host[64] = "";
	unsigned given = port;
	const char *why;
	union addr a;

	sscanf(word, word[0] == '[' ? "[%63[^]]]:%u" : v6 ? "%63[^#]#%u" : "%63[0-9.]%*[:#]%u", host, &given);
	host[strcspn(host, "%")] = '\0'; /* the interface */
	if (addr_parse(host, (uint16_t)given, &a) != 0 || addr_is_loopback(&a) ||
	    contains(l->place->own, l->place->nown, &a))
		return;
	for (size_t i = 0; i < l->nresolvers; i++)
		if (addr_equal(&l->resolvers[i], &a))
			return;
	if (l->nresolvers < sizeof(l->resolvers) / sizeof(l->resolvers[0]))
		l->resolvers[l->nresolvers++] = a;
	why = never_intercepted(l, &a);
	if (why != NULL)
		doctor_say(l->d, DOCTOR_WARNING, "leaks", "the resolver %s (%s) %s", addr_format(&a, text), path, why);
}
