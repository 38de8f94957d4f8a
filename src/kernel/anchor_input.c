#include "config.h"

#include "kernel/anchor_input.h"

#include "base/nat64.h"

int
anchor_skip(const struct anchor_input *in, struct network_set *set)
{
	static const char *const never[] = { "0.0.0.0/8", "127.0.0.0/8", "169.254.0.0/16", "224.0.0.0/4",
		"255.255.255.255", "::/128", "::1", "fe80::/10", "ff00::/8", NULL };
	struct network net;
	union addr first;
	int error = 0;

	for (size_t i = 0; never[i] != NULL && error == 0; i++) {
		network_parse(never[i], &net);
		addr_from_bytes(&first, net.family, net.bytes, 0);
		if (!in->linklocal || !addr_is_linklocal(&first))
			error = network_set_add(set, &net);
	}
	for (size_t i = 0; i < in->nlocal && error == 0; i++)
		error = network_set_add(set, &in->local[i]);
	for (size_t i = 0; i < in->conf->intercept.nexclude && error == 0; i++)
		error = network_set_add(set, &in->conf->intercept.exclude[i]);
	for (size_t i = 0; i < in->nproxies && error == 0; i++) {
		net = network_of(&in->proxies[i]);
		error = network_set_add(set, &net);
	}
	network_set_close(set);
	return error;
}

/* Adds an IPv4 network with its forms in IPv6. */
static int
add_network(const struct conf *conf, struct network_set *set, const struct network *net)
{
	struct network form;
	int error = network_set_add(set, net);

	for (size_t i = 0; i < conf->dns.nnat64 && net->family == AF_INET && error == 0; i++) {
		form = nat64_embed(&conf->dns.nat64[i], net);
		error = network_set_add(set, &form);
	}
	return error;
}

int
anchor_targets(const struct conf *conf, struct network_set *set)
{
	static const struct network any[] = { { .family = AF_INET }, { .family = AF_INET6 } };
	const struct conf_rule *rule = conf->rules, *end = rule + conf->nrules;
	int error = 0;

	for (size_t i = 0; i < conf->dns.nfake_ip && error == 0; i++)
		error = network_set_add(set, &conf->dns.fake_ip[i]);
	for (; rule < end; rule++) {
		if (!rule->enabled || rule->action == ACTION_DIRECT)
			continue;
		for (size_t i = 0; i < rule->npatterns && error == 0; i++) {
			if (rule->patterns[i].kind == PATTERN_NETWORK)
				error = add_network(conf, set, &rule->patterns[i].network);
			for (size_t k = 0; rule->patterns[i].kind == PATTERN_ANY && k < 2 && error == 0; k++)
				error = network_set_add(set, &any[k]);
		}
	}
	network_set_close(set);
	return error;
}
