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

static int
add_addrs(struct network_set *set, const union addr *addrs, size_t n)
{
	struct network net;
	int error = 0;

	for (size_t i = 0; i < n && error == 0; i++) {
		net = network_of(&addrs[i]);
		error = addr_is_set(&addrs[i]) ? network_set_add(set, &net) : 0;
	}
	return error;
}

/* The networks that a configuration names. */
static int
add_conf(struct network_set *set, const struct conf *conf)
{
	union addr addr;
	int error = add_addrs(set, conf->listen.addresses, conf->listen.naddresses);

	if (error == 0)
		error = add_addrs(set, conf->dns.servers, conf->dns.nservers);
	for (size_t i = 0; i < conf->intercept.nexclude && error == 0; i++)
		error = network_set_add(set, &conf->intercept.exclude[i]);
	for (size_t i = 0; i < conf->nproxies && error == 0; i++) {
		error = add_addrs(set, &conf->proxies[i].dns_server, 1);
		if (error == 0 && addr_parse(conf->proxies[i].host, 0, &addr) == 0)
			error = add_addrs(set, &addr, 1);
	}
	return error;
}

/* Everything that a made-up address must stay clear of. The caller frees the set. */
static int
taken_networks(const struct conf *conf, struct network_set *set)
{
	struct network *addrs = NULL;
	size_t naddrs = 0;
	int error = ifaddrs_networks(&addrs, &naddrs);

	if (error == 0)
		routes_networks(set); /* some containers cannot ask for them; their addresses still count */
	for (size_t i = 0; i < naddrs && error == 0; i++)
		error = network_set_add(set, &addrs[i]);
	free(addrs);
	return error == 0 ? add_conf(set, conf) : error;
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
	struct network_set taken = { .count = 0 };
	struct network kept[2], chosen[2];
	size_t n;
	int error;

	if (conf->dns.fake_ip_mode != FAKE_IP_AUTO)
		return 0;
	error = taken_networks(conf, &taken);
	if (error == 0) {
		n = fake_range_choose(taken.list, taken.count, kept, read_kept(kept), chosen);
		error = conf_set_fake_ip(conf, chosen, n);
	}
	network_set_free(&taken);
	return error;
}

bool
fake_range_taken(const struct conf *conf)
{
	struct network_set taken = { .count = 0 };
	bool clear = true;

	if (conf->dns.fake_ip_mode != FAKE_IP_AUTO)
		return false;
	if (taken_networks(conf, &taken) == 0)
		for (size_t i = 0; i < conf->dns.nfake_ip; i++)
			clear &= is_clear(&conf->dns.fake_ip[i], taken.list, taken.count);
	network_set_free(&taken);
	return !clear;
}
