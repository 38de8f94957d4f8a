#include "config.h"

#include "kernel/fake_range.h"

#include "host/ifaddrs.h"
#include "host/routes.h"

static const char *const candidates[] = {
	"198.19.0.0/16", "198.18.0.0/16", "10.254.0.0/16", "172.30.0.0/16", "100.127.0.0/16",
	"240.254.0.0/16",
	"fd19:8180:1f00::/112", "fd28:31c4:9e00::/112", "fd6b:a07d:5200::/112",
};

static bool
is_clear(const struct network *net, const struct network *taken, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (network_overlaps(net, &taken[i]))
			return false;
	return true;
}

size_t
fake_range_choose(const struct network *taken, size_t ntaken, const struct network *kept, size_t nkept,
    struct network out[2])
{
	static const int families[] = { AF_INET, AF_INET6 };
	const size_t n = nkept + sizeof(candidates) / sizeof(candidates[0]);
	struct network net;
	size_t chosen = 0;

	for (size_t f = 0; f < 2; f++) {
		for (size_t i = 0; i < n; i++) {
			if (i < nkept)
				net = kept[i];
			else if (network_parse(candidates[i - nkept], &net) != 0)
				continue;
			if (net.family != families[f] || !is_clear(&net, taken, ntaken))
				continue;
			out[chosen++] = net;
			break;
		}
	}
	return chosen;
}

/* The networks that a configuration names: an address in one of them must not be made up. */
static size_t
conf_networks(const struct conf *conf, struct network *out)
{
	union addr addr;
	size_t n = 0;

	for (size_t i = 0; i < conf->intercept.nexclude; i++)
		out[n++] = conf->intercept.exclude[i];
	for (size_t i = 0; i < conf->listen.naddresses; i++)
		out[n++] = network_of(&conf->listen.addresses[i]);
	for (size_t i = 0; i < conf->dns.nservers; i++)
		out[n++] = network_of(&conf->dns.servers[i]);
	for (size_t i = 0; i < conf->nproxies; i++) {
		if (addr_is_set(&conf->proxies[i].dns_server))
			out[n++] = network_of(&conf->proxies[i].dns_server);
		if (addr_parse(conf->proxies[i].host, 0, &addr) == 0)
			out[n++] = network_of(&addr);
	}
	return n;
}

/* Everything that a made-up address must stay clear of, malloc'd. */
static int
taken_networks(const struct conf *conf, struct network **out, size_t *count)
{
	const size_t own = conf->intercept.nexclude + conf->listen.naddresses + conf->dns.nservers + 2 * conf->nproxies;
	struct network *routes = NULL, *addrs = NULL;
	size_t nroutes = 0, naddrs = 0;
	int error = ifaddrs_networks(&addrs, &naddrs);

	if (error == 0 && routes_networks(&routes, &nroutes) != 0)
		nroutes = 0;    /* some containers cannot ask for them; their addresses still count */
	*out = error == 0 ? calloc(nroutes + naddrs + own + 1, sizeof(**out)) : NULL;
	if (*out != NULL) {
		for (size_t i = 0; i < nroutes; i++)
			(*out)[i] = routes[i];
		for (size_t i = 0; i < naddrs; i++)
			(*out)[nroutes + i] = addrs[i];
		*count = nroutes + naddrs + conf_networks(conf, *out + nroutes + naddrs);
	} else if (error == 0) {
		error = ENOMEM;
	}
	free(routes);
	free(addrs);
	return error;
}

static size_t
read_kept(struct network out[2])
{
	char text[2][ADDR_TEXT_MAX] = { "", "" };
	FILE *file = fopen(FAKE_RANGE_FILE, "re");
	size_t n = 0;

	if (file == NULL)
		return 0;
	if (fscanf(file, "%79s %79s", text[0], text[1]) > 0)
		for (size_t i = 0; i < 2; i++)
			n += network_parse(text[i], &out[n]) == 0;
	fclose(file);
	return n;
}

int
fake_range_set(struct conf *conf)
{
	struct network kept[2], chosen[2], *taken;
	size_t ntaken, nkept, n;
	int error;

	if (conf->dns.fake_ip_mode != FAKE_IP_AUTO)
		return 0;
	error = taken_networks(conf, &taken, &ntaken);
	if (error != 0)
		return error;
	nkept = read_kept(kept);
	n = fake_range_choose(taken, ntaken, kept, nkept, chosen);
	free(taken);
	return conf_set_fake_ip(conf, chosen, n);
}

bool
fake_range_taken(const struct conf *conf)
{
	struct network *taken;
	bool clear = true;
	size_t n;

	if (conf->dns.fake_ip_mode != FAKE_IP_AUTO || taken_networks(conf, &taken, &n) != 0)
		return false;
	for (size_t i = 0; i < conf->dns.nfake_ip; i++)
		clear &= is_clear(&conf->dns.fake_ip[i], taken, n);
	free(taken);
	return !clear;
}
