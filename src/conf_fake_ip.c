/* dns.fake_ip: ranges that lead nowhere else. Proxies, intercept and listen, and the other keys of dns, are read before. */
#include "config.h"

#include "conf_key.h"

#include <errno.h>

#define PREFIX_MIN 8
#define HOST_BITS  8            /* at least; else there are too few names */

static const char *const never[] = { "0.0.0.0/8", "127.0.0.0/8", "169.254.0.0/16", "224.0.0.0/4", "::/8", "fe80::/10",
    "ff00::/8", NULL };
/* RFC 2544, RFC 1918, RFC 6598, RFC 5180, RFC 4193 */
static const char *const private[] = { "198.18.0.0/15", "10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "100.64.0.0/10",
    "2001:2::/48", "fc00::/7", NULL };

/* Does one hold the beginning of the other? */
static bool
overlap(const struct network *a, const struct network *b)
{
	union addr first;

	addr_from_bytes(&first, a->family, a->bytes, 0);
	if (network_contains(b, &first))
		return true;
	addr_from_bytes(&first, b->family, b->bytes, 0);
	return network_contains(a, &first);
}

static bool
within(const struct network *net, const char *text)
{
	struct network outer;

	return network_parse(text, &outer) == 0 && outer.prefix <= net->prefix && overlap(net, &outer);
}

static int
check_addr(struct conf_reader *r, const struct json *node, const struct network *net, const union addr *addr,
    const char *what)
{
	char text[ADDR_TEXT_MAX];

	return !network_contains(net, addr) ? 0 : conf_fail(r, node, "%s holds %s, an address of %s; write a range that is used "
	    "nowhere, like \"198.18.0.0/15\"", node->text, addr_format_ip(addr, text), what);
}

/* Everything there that the daemon itself must reach. */
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
	struct network other;
	bool is_private = false;

	if (net->prefix < PREFIX_MIN || net->prefix > max)
		return conf_fail(r, node, "%s is too %s; write a prefix from /%d to /%u", node->text,
		    net->prefix > max ? "small" : "large", PREFIX_MIN, max);
	for (size_t i = 0; never[i] != NULL; i++)
		if (network_parse(never[i], &other) == 0 && overlap(net, &other))
			return conf_fail(r, node, "%s overlaps %s, which is never intercepted; write a range like "
			    "\"198.18.0.0/15\"", node->text, never[i]);
	for (size_t i = 0; i < r->conf->intercept.nexclude; i++)
		if (overlap(net, &r->conf->intercept.exclude[i]))
			return conf_fail(r, node, "%s overlaps %s of intercept.exclude; write another range, or remove it there",
			    node->text, network_format(&r->conf->intercept.exclude[i], text));
	for (size_t i = 0; private[i] != NULL; i++)
		is_private = is_private || within(net, private[i]);
	if (!is_private)
		conf_warn(r, node, "%s is no private range: hosts that have these addresses cannot be reached any more; "
		    "write a range like \"198.18.0.0/15\" or \"fd7a:115c:a1e0::/112\"", node->text);
	return check_addrs(r, node, net);
}

int
conf_read_fake_ip(struct conf_reader *r, struct json *node, const struct conf_key *key, void *field)
{
	struct network *const *nets = field;
	int err = conf_read_list(r, node, key, field);

	if (err == 0 && node->count > 0 && !r->conf->dns.enabled)
		err = conf_fail(r, node, "only the forwarder gives such addresses, and dns.enabled is false; write true there, "
		    "or remove the key");
	for (const struct json *item = node->first; item != NULL && err == 0; item = item->next) {
		for (size_t i = 0; i < item->index; i++)
			if ((*nets)[i].family == (*nets)[item->index].family)
				return conf_fail(r, item, "this is the second IPv%c range; write one of IPv4 and one of IPv6 at most",
				    (*nets)[i].family == AF_INET6 ? '6' : '4');
		err = check_range(r, item, &(*nets)[item->index]);
	}
	return err;
}
