/* dns.fake_ip: ranges that are used for nothing else. proxies, intercept, listen and the rest of dns are read
 * before it. */
#include "config.h"

#include "conf/conf_internal.h"

#define PREFIX_MIN 8
#define HOST_BITS  8            /* at least: room for 256 names */

/* Ranges for measurements (RFC 2544, RFC 5180): allowed besides private ones. */
static const struct network spare4 = { AF_INET, { 198, 18 }, 15 };
static const struct network spare6 = { AF_INET6, { 0x20, 0x01, 0, 0x02 }, 48 };

static int
check_addr(struct conf_reader *r, const struct json *node, const struct network *net, const union addr *addr,
    const char *owner)
{
	char text[ADDR_TEXT_MAX];

	return !network_contains(net, addr) ? 0 : conf_fail(r, node, "%s holds %s, an address of %s; write an unused "
	    "range like \"198.18.0.0/15\"", node->text, addr_format_ip(addr, text), owner);
}

/* The range must not contain an address that the daemon itself uses. */
static int
check_addrs(struct conf_reader *r, const struct json *node, const struct network *net)
{
	const struct conf *conf = r->conf;
	union addr addr;
	int err = 0;

	for (size_t i = 0; i < conf->listen.naddresses && err == 0; i++)
		err = check_addr(r, node, net, &conf->listen.addresses[i], "listen.addresses");
	for (size_t i = 0; i < conf->dns.nservers && err == 0; i++)
		err = check_addr(r, node, net, &conf->dns.servers[i], "dns.servers");
	for (size_t i = 0; i < conf->nproxies && err == 0; i++) {
		err = check_addr(r, node, net, &conf->proxies[i].dns_server, "a proxy's dns_server");
		if (err == 0 && addr_parse(conf->proxies[i].host, 0, &addr) == 0)
			err = check_addr(r, node, net, &addr, "a proxy");
	}
	return err;
}

static int
check_range(struct conf_reader *r, const struct json *node, const struct network *net)
{
	const unsigned max = (net->family == AF_INET6 ? 128 : 32) - HOST_BITS;
	char text[ADDR_TEXT_MAX];
	union addr first;

	addr_from_bytes(&first, net->family, net->bytes, 0);
	if (net->prefix < PREFIX_MIN || net->prefix > max)
		return conf_fail(r, node, "%s is too %s; write a prefix from /%d to /%u", node->text,
		    net->prefix > max ? "small" : "large", PREFIX_MIN, max);
	if (addr_is_any(&first) || addr_is_loopback(&first) || addr_is_linklocal(&first) || addr_is_multicast(&first))
		return conf_fail(r, node, "%s is never intercepted; write a range like \"198.18.0.0/15\"", node->text);
	for (size_t i = 0; i < r->conf->intercept.nexclude; i++)
		if (network_overlaps(net, &r->conf->intercept.exclude[i]))
			return conf_fail(r, node, "%s overlaps %s of intercept.exclude; write another range, or "
			    "remove it there", node->text, network_format(&r->conf->intercept.exclude[i], text));
	if (!addr_is_private(&first) && !network_contains(&spare4, &first) && !network_contains(&spare6, &first))
		conf_warn(r, node, "%s is not a private range: hosts with these addresses become unreachable; write "
		    "a range like \"198.18.0.0/15\" or \"fd7a:115c:a1e0::/112\"", node->text);
	return check_addrs(r, node, net);
}

int
conf_read_fake_ip(struct conf_reader *r, struct json *node, const struct conf_key *key, void *field)
{
	struct network *const *nets = field;
	const bool automatic = node->type == JSON_STRING && strcmp(node->text, "auto") == 0;
	int err;

	if (automatic && r->conf->dns.enabled)
		r->conf->dns.fake_ip_mode = FAKE_IP_AUTO;
	if (automatic || (node->type == JSON_STRING && strcmp(node->text, "off") == 0))
		return 0;
	if (node->type != JSON_ARRAY)
		return conf_fail(r, node, "this names no addresses; write \"auto\", \"off\" or networks like "
		    "[\"198.18.0.0/15\"]");
	err = conf_read_list(r, node, key, field);
	if (err == 0 && node->count > 0 && !r->conf->dns.enabled)
		err = conf_fail(r, node, "only the DNS forwarder answers with such addresses, and dns.enabled is "
		    "false; write true there, or remove the key");
	if (node->count > 0)
		r->conf->dns.fake_ip_mode = FAKE_IP_ALWAYS;
	for (const struct json *item = node->first; item != NULL && err == 0; item = item->next) {
		for (size_t i = 0; i < item->index; i++)
			if ((*nets)[i].family == (*nets)[item->index].family)
				return conf_fail(r, item, "this is the second IPv%c range; write one of IPv4 and one "
				    "of IPv6 at most", (*nets)[i].family == AF_INET6 ? '6' : '4');
		err = check_range(r, item, &(*nets)[item->index]);
	}
	return err;
}

int
conf_set_fake_ip(struct conf *conf, const struct network *ranges, size_t n)
{
	struct network *own;

	if (conf->dns.fake_ip_mode != FAKE_IP_AUTO)
		return 0;
	own = arena_alloc(&conf->arena, n + 1, sizeof(*own));
	if (own == NULL)
		return ENOMEM;
	for (size_t i = 0; i < n; i++)
		own[i] = ranges[i];
	conf->dns.fake_ip = own;
	conf->dns.nfake_ip = n;
	return 0;
}
