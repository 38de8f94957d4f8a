#include "config.h"

#include "conf_key.h"

#include <errno.h>
#include <string.h>

typedef int reader(struct conf_reader *, const struct json *, const struct conf_key *, void *);

/* Reads each element of a list into one of list->count items of size bytes. NULL: reported. */
static void *
read_list(struct conf_reader *r, const struct json *list, reader *read, size_t size)
{
	char *items;

	if (conf_want(r, list, JSON_ARRAY) != 0 || (items = conf_alloc(r, list, list->count, size)) == NULL)
		return NULL;
	for (const struct json *node = list->first; node != NULL; node = node->next)
		if (read(r, node, NULL, items + node->index * size) != 0)
			return NULL;
	return items;
}

static int
read_network(struct conf_reader *r, const struct json *node, const struct conf_key *key, void *field)
{
	char error[256];
	int err = conf_want(r, node, JSON_STRING);

	(void)key;
	if (err == 0 && pattern_parse_network(node->text, field, error, sizeof(error)) != 0)
		return conf_fail(r, node, "%s", error);
	return err;
}

static int
read_exclude(struct conf_reader *r, const struct json *node, const struct conf_key *key, void *field)
{
	struct conf *conf = field;

	(void)key;
	if ((conf->intercept.exclude = read_list(r, node, read_network, sizeof(struct network))) == NULL)
		return EINVAL;
	conf->intercept.nexclude = node->count;
	return 0;
}

static void
print_exclude(yajl_gen gen, const struct conf_key *key, const void *field)
{
	const struct conf *conf = field;
	char text[ADDR_TEXT_MAX];

	conf_print_string(gen, key->name);
	yajl_gen_array_open(gen);
	for (size_t i = 0; i < conf->intercept.nexclude; i++)
		conf_print_string(gen, network_format(&conf->intercept.exclude[i], text));
	yajl_gen_array_close(gen);
}

const struct conf_type conf_exclude = { read_exclude, print_exclude };

static int
read_interfaces(struct conf_reader *r, const struct json *node, const struct conf_key *key, void *field)
{
	struct conf *conf = field;

	(void)key;
	if ((conf->intercept.interfaces = read_list(r, node, conf_interface.read, sizeof(char *))) == NULL)
		return EINVAL;
	conf->intercept.ninterfaces = node->count;
	return 0;
}

static void
print_interfaces(yajl_gen gen, const struct conf_key *key, const void *field)
{
	const struct conf *conf = field;

	conf_print_string(gen, key->name);
	yajl_gen_array_open(gen);
	for (size_t i = 0; i < conf->intercept.ninterfaces; i++)
		conf_print_string(gen, conf->intercept.interfaces[i]);
	yajl_gen_array_close(gen);
}

const struct conf_type conf_interfaces = { read_interfaces, print_interfaces };

static int
read_address(struct conf_reader *r, const struct json *node, const struct conf_key *key, void *field)
{
	int err = conf_want(r, node, JSON_STRING);

	(void)key;
	if (err != 0)
		return err;
	if (addr_parse(node->text, 0, field) != 0)
		return conf_fail(r, node, "\"%.80s\" is no address; write numbers like \"127.0.0.1\" or \"::1\", the port goes "
		    "into listen.port", node->text);
	if (addr_is_multicast(field))
		return conf_fail(r, node, "\"%s\" is a multicast address; write one of this host", node->text);
	return 0;
}

static int
read_addresses(struct conf_reader *r, const struct json *list, const struct conf_key *key, void *field)
{
	struct conf *conf = field;
	union addr *addrs = read_list(r, list, read_address, sizeof(*addrs));
	char text[ADDR_TEXT_MAX];

	(void)key;
	if (addrs == NULL)
		return EINVAL;
	if (list->count == 0 || list->count > CONF_LISTEN_MAX)
		return conf_fail(r, list, "the list holds %zu addresses; write 1 to %d, or remove the key", list->count,
		    CONF_LISTEN_MAX);
	for (size_t i = 0; i < list->count; i++)
		for (size_t j = 0; j < i; j++)
			if (addr_same_ip(&addrs[i], &addrs[j]))
				return conf_fail(r, list, "the address %s stands here twice; remove one",
				    addr_format_ip(&addrs[i], text));
	memcpy(conf->listen.addresses, addrs, list->count * sizeof(*addrs));
	conf->listen.naddresses = list->count;
	return 0;
}

static void
print_addresses(yajl_gen gen, const struct conf_key *key, const void *field)
{
	const struct conf *conf = field;
	char text[ADDR_TEXT_MAX];

	conf_print_string(gen, key->name);
	yajl_gen_array_open(gen);
	for (size_t i = 0; i < conf->listen.naddresses; i++)
		conf_print_string(gen, addr_format_ip(&conf->listen.addresses[i], text));
	yajl_gen_array_close(gen);
}

const struct conf_type conf_addresses = { read_addresses, print_addresses };

/* "system", or a list of resolvers. */
static int
read_servers(struct conf_reader *r, const struct json *node, const struct conf_key *key, void *field)
{
	struct conf *conf = field;

	(void)key;
	if (node->type == JSON_STRING && strcmp(node->text, "system") == 0)
		return 0;
	if (node->type != JSON_ARRAY || node->count == 0)
		return conf_fail(r, node, "no resolver is named here; write \"system\" or a list like [\"192.0.2.53\"]");
	if ((conf->dns.servers = read_list(r, node, conf_resolver.read, sizeof(union addr))) == NULL)
		return EINVAL;
	conf->dns.nservers = node->count;
	return 0;
}

static void
print_servers(yajl_gen gen, const struct conf_key *key, const void *field)
{
	const struct conf *conf = field;
	char text[ADDR_TEXT_MAX];

	conf_print_string(gen, key->name);
	if (conf->dns.nservers == 0) {
		conf_print_string(gen, "system");
		return;
	}
	yajl_gen_array_open(gen);
	for (size_t i = 0; i < conf->dns.nservers; i++)
		conf_print_string(gen, addr_format(&conf->dns.servers[i], text));
	yajl_gen_array_close(gen);
}

const struct conf_type conf_servers = { read_servers, print_servers };
