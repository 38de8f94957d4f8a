/* dns.nat64: what is written for IPv4 addresses also holds for their forms in IPv6. intercept is read before it. */
#include "config.h"

#include "base/nat64.h"
#include "conf/conf_internal.h"

/* Adds the forms in IPv6 of the networks in intercept.exclude. */
static int
widen_exclude(struct conf_reader *r, const struct json *node)
{
	struct conf *conf = r->conf;
	const struct network *old = conf->intercept.exclude;
	const size_t n = conf->intercept.nexclude;
	struct network *all = conf_alloc(r, node, n * (conf->dns.nnat64 + 1), sizeof(*all));
	size_t count = 0;

	if (all == NULL)
		return EINVAL;
	for (size_t i = 0; i < n; i++) {
		all[count++] = old[i];
		for (size_t k = 0; k < conf->dns.nnat64 && old[i].family == AF_INET; k++)
			all[count++] = nat64_embed(&conf->dns.nat64[k], &old[i]);
	}
	conf->intercept.exclude = all;
	conf->intercept.nexclude = count;
	return 0;
}

int
conf_read_nat64(struct conf_reader *r, struct json *node, const struct conf_key *key, void *field)
{
	struct conf *conf = r->conf;
	struct network *all;
	int err = conf_read_list(r, node, key, field);

	for (const struct json *item = node->first; item != NULL && err == 0; item = item->next)
		if (!nat64_is_prefix(&conf->dns.nat64[item->index]))
			err = conf_fail(r, item, "%s is not a prefix of NAT64 (RFC 6052); write an IPv6 network of 32, "
			    "40, 48, 56, 64 or 96 bits like \"2001:db8:64::/96\"", item->text);
	if (err != 0)
		return err;
	if ((all = conf_alloc(r, node, node->count + 1, sizeof(*all))) == NULL)
		return EINVAL;
	all[0] = nat64_well_known;
	memcpy(all + 1, conf->dns.nat64, node->count * sizeof(*all));
	conf->dns.nat64 = all;
	conf->dns.nnat64++;
	return widen_exclude(r, node);
}
