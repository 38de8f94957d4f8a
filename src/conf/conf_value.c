#include "config.h"

#include "base/host_name.h"
#include "conf/conf_internal.h"

#define DNS_PORT 53

/* IFNAMSIZ - 1 on every system. */
const struct conf_word conf_interface = {
	15, "not an interface; write 1 to 15 letters, digits or . _ - like \"eth0\""
};

/* Reads a port at *text with the blanks around it. False: not a number in 1..65535. */
static bool
scan_port(const char **text, uint16_t *port)
{
	char *end;
	unsigned long number;

	*text += strspn(*text, " ");
	if (**text < '0' || **text > '9')
		return false;
	number = strtoul(*text, &end, 10);
	*text = end + strspn(end, " ");
	*port = (uint16_t)number;
	return number > 0 && number <= 65535;
}

/* Reads "443" or "8000-8999" and a comma behind it. */
static bool
scan_range(const char **text, struct port_range *range)
{
	if (!scan_port(text, &range->first))
		return false;
	range->last = range->first;
	if (**text == '-') {
		++*text;
		if (!scan_port(text, &range->last))
			return false;
	}
	return **text == '\0' || *(*text)++ == ',';
}

static int
range_compare(const void *a, const void *b)
{
	const struct port_range *x = a, *y = b;

	return (x->first > y->first) - (x->first < y->first);
}

int
conf_read_ports(struct conf_reader *r, struct json *node, const struct conf_key *key, void *field)
{
	static const char cure[] = "write ports from 1 to 65535 like \"443,8000-8999\"";
	struct port_list *list = field;
	struct port_range *range;
	const char *text = node->text;
	size_t count = 1;

	if (text[strspn(text, " ")] == '\0')
		return key->arg != NULL ? 0 : conf_fail(r, node, "the list of ports is empty; %s, or remove the key",
		    cure);
	for (const char *c = text; *c != '\0'; c++)
		count += *c == ',';
	if ((list->ranges = range = conf_alloc(r, node, count, sizeof(*range))) == NULL)
		return EINVAL;
	for (size_t i = 0; i < count; i++) {
		if (!scan_range(&text, &range[i]))
			return conf_fail(r, node, "\"%.80s\" is not a list of ports; %s", node->text, cure);
		if (range[i].last < range[i].first)
			return conf_fail(r, node, "the range %u-%u runs backwards; write %u-%u", range[i].first,
			    range[i].last, range[i].last, range[i].first);
	}
	qsort(list->ranges, count, sizeof(*range), range_compare);
	/* Merge ranges that overlap or touch. */
	for (size_t i = 1; i < count; i++) {
		if (list->ranges[i].first > (unsigned)range->last + 1)
			*++range = list->ranges[i];
		else if (list->ranges[i].last > range->last)
			range->last = list->ranges[i].last;
	}
	list->count = (size_t)(range - list->ranges) + 1;
	return 0;
}

int
conf_read_host(struct conf_reader *r, struct json *node, const struct conf_key *key, void *field)
{
	union addr addr;

	if (addr_parse(node->text, 0, &addr) == 0) {
		if (addr_is_any(&addr) || addr_is_multicast(&addr))
			return conf_fail(r, node, "\"%s\" is not the address of one host; write the proxy's own",
			    node->text);
	} else if (!host_is_valid(node->text) || host_ends_in_number(node->text)) {
		return conf_fail(r, node, "\"%.100s\" is neither a host name nor an address; write it without scheme "
		    "and port", node->text);
	}
	*(const char **)field = node->text;
	return 0;
}

/* 1 to max letters, digits, "-", "_" and ".", with the first not "-". */
static bool
is_word(const struct json *node, size_t max)
{
	static const char chars[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_.-";

	return node->len > 0 && node->len <= max && strspn(node->text, chars) == node->len && node->text[0] != '-';
}

int
conf_read_word(struct conf_reader *r, struct json *node, const struct conf_key *key, void *field)
{
	const struct conf_word *word = key->arg;

	*(const char **)field = node->text;
	return is_word(node, word->max) ? 0 : conf_fail(r, node, "\"%.40s\" is %s", node->text, word->sentence);
}

/* Words of nft(8) and pf.conf(5) that cannot name a table or anchor there. */
static const char reserved[] =
    " accept add ah all anchor and antispoof any arp auto-merge binat binat-anchor block bridge cgroup chain"
    " comment comp constant continue counter cpu create ct day dccp define delete describe device devices"
    " divert-reply divert-to dnat drop dst dup dup-to dynamic ecn element elements esp ether exists expires"
    " export exthdr fib file flags flow flowtable flush frag from fwd gc-interval get goto group handle hbh hook"
    " hour ibriport ibrname icmp icmp6-type icmp-type icmpv6 igmp iif iifgroup iifname iiftype import in include"
    " index inet inet6 insert interface interval ip ip6 ipsec jhash jump keep label limit list load log lt map"
    " mark masquerade match max-mss meta meter mh missing modulate monitor nat nat-anchor nat-to netdev nftrace"
    " no no-df no-route not notrack numgen obriport obrname offload oif oifgroup oifname oiftype on or os osf"
    " out overload pass pkttype policy port position prio priority probability proto queue quick quota random"
    " rdr rdr-anchor rdr-to received-on redefine redirect reject rename replace reply-to reset return rate rt"
    " rt0 rt2 rtable rtclassid route route-to rule ruleset scrub sctp secmark self set set-tos size skgid skip"
    " skuid snat socket srh state symhash synproxy table tag tagged tcp th time timeout to tos tproxy ttl type"
    " typeof udp udplite undefine update user vlan vmap xt ";

int
conf_read_anchor(struct conf_reader *r, struct json *node, const struct conf_key *key, void *field)
{
	char padded[CONF_ANCHOR_MAX + 3];

	if (!is_word(node, CONF_ANCHOR_MAX) || strchr("0123456789._", node->text[0]) != NULL)
		return conf_fail(r, node, "\"%.80s\" is not a name for an anchor; write a letter, then up to %d "
		    "letters, digits or . _ -", node->text, CONF_ANCHOR_MAX - 1);
	snprintf(padded, sizeof(padded), " %s ", node->text);
	if (strstr(reserved, padded) != NULL)
		return conf_fail(r, node, "\"%s\" is a reserved word of the firewall's own language; write another "
		    "name, like \"interceptor\"", node->text);
	memcpy(field, node->text, node->len + 1);
	return 0;
}

int
conf_read_network(struct conf_reader *r, struct json *node, const struct conf_key *key, void *field)
{
	char error[256];

	if (pattern_parse_network(node->text, field, error, sizeof(error)) != 0)
		return conf_fail(r, node, "%s", error);
	return 0;
}

int
conf_read_address(struct conf_reader *r, struct json *node, const struct conf_key *key, void *field)
{
	if (addr_parse(node->text, 0, field) != 0)
		return conf_fail(r, node, "\"%.80s\" is not an address; write numbers like \"127.0.0.1\" or \"::1\", "
		    "and the port as listen.port", node->text);
	if (addr_is_multicast(field))
		return conf_fail(r, node, "\"%s\" is a multicast address; write one of this host", node->text);
	return 0;
}

int
conf_read_addresses(struct conf_reader *r, struct json *node, const struct conf_key *key, void *field)
{
	union addr **addrs = field;
	int err;

	if (node->count == 0 || node->count > CONF_LISTEN_MAX)
		return conf_fail(r, node, "the list holds %u addresses; write 1 to %d, or remove the key",
		    (unsigned)node->count, CONF_LISTEN_MAX);
	if ((err = conf_read_list(r, node, key, field)) != 0)
		return err;
	for (const struct json *item = node->first; item != NULL; item = item->next)
		for (size_t i = 0; i < item->index; i++)
			if (addr_same_ip(&(*addrs)[i], &(*addrs)[item->index]))
				return conf_fail(r, node, "the address %s is listed twice; remove one", item->text);
	return 0;
}

/* "192.0.2.1", "192.0.2.1:5300", "2001:db8::1", "[2001:db8::1]:5300" */
static int
parse_endpoint(const char *text, uint16_t port, union addr *out)
{
	char host[ADDR_TEXT_MAX];
	const char *colon = strrchr(text, ':'), *digits;

	if (addr_parse(text, port, out) == 0)
		return 0;
	if (colon == NULL || (size_t)(colon - text) >= sizeof(host))
		return EINVAL;
	memcpy(host, text, (size_t)(colon - text));
	host[colon - text] = '\0';
	if (host[0] != '[' && strchr(host, ':') != NULL)
		return EINVAL;
	digits = colon + 1;
	if (!scan_port(&digits, &port) || *digits != '\0')
		return EINVAL;
	return addr_parse(host, port, out);
}

int
conf_read_resolver(struct conf_reader *r, struct json *node, const struct conf_key *key, void *field)
{
	if (parse_endpoint(node->text, DNS_PORT, field) != 0)
		return conf_fail(r, node, "\"%.80s\" is not the address of a resolver; write it like \"192.0.2.53\", "
		    "\"192.0.2.53:5300\" or \"[2001:db8::53]:5300\"", node->text);
	if (addr_is_any(field) || addr_is_multicast(field))
		return conf_fail(r, node, "\"%s\" is not the address of one host; write the resolver's own",
		    node->text);
	return 0;
}

int
conf_read_servers(struct conf_reader *r, struct json *node, const struct conf_key *key, void *field)
{
	if (node->type == JSON_STRING && strcmp(node->text, "system") == 0)
		return 0;
	if (node->type != JSON_ARRAY || node->count == 0)
		return conf_fail(r, node, "no resolver is named here; write \"system\" or a list like "
		    "[\"192.0.2.53\"]");
	return conf_read_list(r, node, key, field);
}

int
conf_read_path(struct conf_reader *r, struct json *node, const struct conf_key *key, void *field)
{
	*(const char **)field = node->text;
	return node->len == 0 || (node->text[0] == '/' && node->len <= CONF_PATH_MAX) ? 0 : conf_fail(r, node,
	    "\"%.120s\" is not the path of a socket; write an absolute one of %d bytes at most, or \"\" for none",
	    node->text, CONF_PATH_MAX);
}

int
conf_read_socket(struct conf_reader *r, struct json *node, const struct conf_key *key, void *field)
{
	struct conf_socket *out = field;

	if (node->len == 0)
		return 0;
	if (node->text[0] == '/')
		return conf_read_path(r, node, key, &out->path);
	if (parse_endpoint(node->text, 0, &out->addr) != 0 || addr_port(&out->addr) == 0)
		return conf_fail(r, node, "\"%.80s\" is not a place to listen at; write an address with port like "
		    "\"127.0.0.1:9469\", the path of a socket, or \"\" for none", node->text);
	if (!addr_is_loopback(&out->addr))
		conf_warn(r, node, "everybody who can reach %s can read the counters; write a loopback address to "
		    "prevent that", node->text);
	return 0;
}
