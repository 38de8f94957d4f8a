#include "config.h"

#include "conf_key.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define DNS_PORT       53
#define INTERFACE_MAX  15               /* IFNAMSIZ - 1 on every system */
#define USER_MAX       31

static const char letters[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ";
static const char word_chars[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_.";

/* Reads one port at *text with the blanks around it. False: none, or not 1..65535. */
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

/* Reads "443" or "8000-8999" and the comma behind it. */
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

/* Sorts the ranges and joins those that overlap or touch. */
static void
ports_normalize(struct port_list *list)
{
	size_t n = 0;

	if (list->count == 0)
		return;
	qsort(list->ranges, list->count, sizeof(list->ranges[0]), range_compare);
	for (size_t i = 1; i < list->count; i++) {
		if (list->ranges[i].first > (unsigned)list->ranges[n].last + 1)
			list->ranges[++n] = list->ranges[i];
		else if (list->ranges[i].last > list->ranges[n].last)
			list->ranges[n].last = list->ranges[i].last;
	}
	list->count = n + 1;
}

static int
read_ports(struct conf_reader *r, const struct json *node, const struct conf_key *key, void *field)
{
	static const char cure[] = "write ports from 1 to 65535 like \"443,8000-8999\"";
	struct port_list *list = field;
	struct port_range *range;
	const char *text = node->text;
	size_t count = 1;
	int err = conf_want(r, node, JSON_STRING);

	if (err != 0)
		return err;
	list->count = 0;
	if (text[strspn(text, " ")] == '\0')
		return key->arg != NULL ? 0 : conf_fail(r, node, "no port is given; %s, or remove the key", cure);
	for (const char *c = text; *c != '\0'; c++)
		count += *c == ',';
	if ((list->ranges = conf_alloc(r, node, count, sizeof(*range))) == NULL)
		return EINVAL;
	for (; list->count < count; list->count++) {
		range = &list->ranges[list->count];
		if (!scan_range(&text, range))
			return conf_fail(r, node, "\"%.80s\" is no list of ports; %s", node->text, cure);
		if (range->last < range->first)
			return conf_fail(r, node, "the range %u-%u runs backwards; write %u-%u", range->first, range->last,
			    range->last, range->first);
	}
	ports_normalize(list);
	return 0;
}

static void
print_ports(yajl_gen gen, const struct conf_key *key, const void *field)
{
	const struct port_list *list = field;
	char *text;
	size_t used = 0, size = list->count * sizeof("65535-65535,") + 1;

	if ((list->count == 0 && key->arg == NULL) || (text = calloc(1, size)) == NULL)
		return;
	for (size_t i = 0; i < list->count; i++) {
		used += (size_t)snprintf(text + used, size - used, "%s%u", i > 0 ? "," : "", list->ranges[i].first);
		if (list->ranges[i].last > list->ranges[i].first)
			used += (size_t)snprintf(text + used, size - used, "-%u", list->ranges[i].last);
	}
	conf_print_string(gen, key->name);
	conf_print_string(gen, text);
	free(text);
}

const struct conf_type conf_ports = { read_ports, print_ports };

static int
read_host(struct conf_reader *r, const struct json *node, const struct conf_key *key, void *field)
{
	union addr addr;
	const char *host, *last;
	int err = conf_read_string(r, node, key, field);

	if (err != 0)
		return err;
	host = *(const char **)field;
	if (addr_parse(host, 0, &addr) == 0) {
		if (addr_is_any(&addr) || addr_is_multicast(&addr))
			return conf_fail(r, node, "\"%s\" is no address of one host; write the proxy's own", host);
		return 0;
	}
	last = strrchr(host, '.') != NULL ? strrchr(host, '.') + 1 : host;
	if (!host_is_valid(host) || (*last != '\0' && strspn(last, "0123456789") == strlen(last)))
		return conf_fail(r, node, "\"%.100s\" is neither a host name nor an address; write it without scheme and port", host);
	return 0;
}

const struct conf_type conf_host = { read_host, conf_print_text };

static int
read_interface(struct conf_reader *r, const struct json *node, const struct conf_key *key, void *field)
{
	int err = conf_read_string(r, node, key, field);

	if (err != 0)
		return err;
	if (node->len == 0 || node->len > INTERFACE_MAX || strspn(node->text, word_chars) != node->len || node->text[0] == '-')
		return conf_fail(r, node, "\"%.40s\" is no interface; write 1 to %d letters, digits or . _ - like \"eth0\"",
		    node->text, INTERFACE_MAX);
	return 0;
}

const struct conf_type conf_interface = { read_interface, conf_print_text };

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

static int
read_resolver(struct conf_reader *r, const struct json *node, const struct conf_key *key, void *field)
{
	int err = conf_want(r, node, JSON_STRING);

	(void)key;
	if (err != 0)
		return err;
	if (parse_endpoint(node->text, DNS_PORT, field) != 0)
		return conf_fail(r, node, "\"%.80s\" is no resolver's address; write it like \"192.0.2.53\", \"192.0.2.53:5300\" "
		    "or \"[2001:db8::53]:5300\"", node->text);
	if (addr_is_any(field) || addr_is_multicast(field))
		return conf_fail(r, node, "\"%s\" is no address of one host; write the resolver's own", node->text);
	return 0;
}

static void
print_addr(yajl_gen gen, const union addr *addr)
{
	char text[ADDR_TEXT_MAX];

	conf_print_string(gen, addr_format(addr, text));
}

static void
print_resolver(yajl_gen gen, const struct conf_key *key, const void *field)
{
	if (!addr_is_set(field))
		return;
	conf_print_string(gen, key->name);
	print_addr(gen, field);
}

const struct conf_type conf_resolver = { read_resolver, print_resolver };

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

static int
read_anchor(struct conf_reader *r, const struct json *node, const struct conf_key *key, void *field)
{
	char padded[CONF_ANCHOR_MAX + 3];
	int err = conf_want(r, node, JSON_STRING);

	(void)key;
	if (err != 0)
		return err;
	if (node->len == 0 || node->len > CONF_ANCHOR_MAX || strspn(node->text, word_chars) != node->len ||
	    strchr(letters, node->text[0]) == NULL)
		return conf_fail(r, node, "\"%.80s\" is no name for an anchor; write a letter, then up to %d letters, digits or . _ -",
		    node->text, CONF_ANCHOR_MAX - 1);
	snprintf(padded, sizeof(padded), " %s ", node->text);
	if (strstr(reserved, padded) != NULL)
		return conf_fail(r, node, "\"%s\" is a word of the firewall's own language; write another name, like \"interceptor\"",
		    node->text);
	memcpy(field, node->text, node->len + 1);
	return 0;
}

static void
print_anchor(yajl_gen gen, const struct conf_key *key, const void *field)
{
	conf_print_string(gen, key->name);
	conf_print_string(gen, field);
}

const struct conf_type conf_anchor = { read_anchor, print_anchor };

static int
read_user(struct conf_reader *r, const struct json *node, const struct conf_key *key, void *field)
{
	int err = conf_read_string(r, node, key, field);

	if (err != 0)
		return err;
	if (node->len == 0 || node->len > USER_MAX || strspn(node->text, word_chars) != node->len || node->text[0] == '-')
		return conf_fail(r, node, "\"%.40s\" is no user name; write 1 to %d letters, digits or . _ -", node->text, USER_MAX);
	if (strcmp(node->text, "root") == 0)
		return conf_fail(r, node, "the worker must not run as root; write a user made for it, like \"_pfintercept\"");
	return 0;
}

const struct conf_type conf_user = { read_user, conf_print_text };

static int
read_mode(struct conf_reader *r, const struct json *node, const struct conf_key *key, void *field)
{
	int err = conf_want(r, node, JSON_STRING);

	(void)key;
	(void)field;
	if (err != 0 || strcmp(node->text, "all") == 0)
		return err;
	if (strcmp(node->text, "matched") == 0)
		return conf_fail(r, node, "the mode \"matched\" is not yet supported; write \"all\" or remove the key");
	return conf_fail(r, node, "\"%.60s\" is not one of its values; write \"all\"", node->text);
}

static void
print_mode(yajl_gen gen, const struct conf_key *key, const void *field)
{
	(void)field;
	conf_print_string(gen, key->name);
	conf_print_string(gen, "all");
}

const struct conf_type conf_mode = { read_mode, print_mode };
