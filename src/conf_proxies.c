#include "config.h"

#include "conf_key.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define RFC1929_MAX 255         /* ULEN and PLEN are one octet */

const struct conf_range conf_ids = { 1, 4294967295 };
static const struct conf_word proxy_types[] = { { "Socks5", PROXY_SOCKS5 }, { "Http", PROXY_HTTP }, { NULL, 0 } };

/* Of a proxy or rule by a pointer to it: the id is its first member. */
static unsigned
id_of(const void *slot)
{
	return **(const unsigned *const *)slot;
}

static int
id_compare(const void *a, const void *b)
{
	const void *const *x = a, *const *y = b;

	if (id_of(a) != id_of(b))
		return id_of(a) < id_of(b) ? -1 : 1;
	return ((const char *)*x > (const char *)*y) - ((const char *)*x < (const char *)*y);
}

const void **
conf_sort_by_id(struct conf_reader *r, const struct json *list, const void *items, size_t size)
{
	const void **sorted = conf_alloc(r, list, list->count + 1, sizeof(*sorted));
	size_t second;

	if (sorted == NULL)
		return NULL;
	for (size_t i = 0; i < list->count; i++)
		sorted[i] = (const char *)items + i * size;
	qsort(sorted, list->count, sizeof(*sorted), id_compare);
	for (size_t i = 1; i < list->count; i++) {
		if (id_of(&sorted[i]) != id_of(&sorted[i - 1]))
			continue;
		second = (size_t)((const char *)sorted[i] - (const char *)items) / size;
		conf_fail(r, json_member(json_element(list, second), "id"), "the id %u is used twice; write another one",
		    id_of(&sorted[i]));
		return NULL;
	}
	return sorted;
}

static int
id_find(const void *id, const void *slot)
{
	unsigned wanted = *(const unsigned *)id;

	return (wanted > id_of(slot)) - (wanted < id_of(slot));
}

const struct conf_proxy *
conf_find_proxy(const struct conf_reader *r, unsigned id)
{
	const void *const *slot = NULL;

	if (r->conf->nproxies > 0)
		slot = bsearch(&id, r->by_id, r->conf->nproxies, sizeof(*r->by_id), id_find);
	return slot != NULL ? *slot : NULL;
}

static void
print_password(yajl_gen gen, const struct conf_key *key, const void *field)
{
	if (*(const char *const *)field == NULL)
		return;
	conf_print_string(gen, key->name);
	conf_print_string(gen, "********");
}

static const struct conf_type conf_password = { conf_read_string, print_password };

static const struct conf_key proxy_keys[] = {
	{ "id", &conf_count, offsetof(struct conf_proxy, id), &conf_ids, true },
	{ "name", &conf_string, offsetof(struct conf_proxy, name), NULL, false },
	{ "host", &conf_host, offsetof(struct conf_proxy, host), NULL, true },
	{ "port", &conf_port, offsetof(struct conf_proxy, port), NULL, true },
	{ "proxy_type", &conf_words, offsetof(struct conf_proxy, type), proxy_types, true },
	{ "username", &conf_string, offsetof(struct conf_proxy, username), NULL, false },
	{ "password", &conf_password, offsetof(struct conf_proxy, password), NULL, false },
	{ "enabled", &conf_boolean, offsetof(struct conf_proxy, enabled), NULL, false },
	{ "dns_server", &conf_resolver, offsetof(struct conf_proxy, dns_server), NULL, false },
	{ "interface", &conf_interface, offsetof(struct conf_proxy, interface), NULL, false },
	{ NULL, NULL, 0, NULL, false }
};

static bool
has_control(const char *text)
{
	for (; *text != '\0'; text++)
		if ((unsigned char)*text < 0x20 || *text == 0x7f)
			return true;
	return false;
}

/* RFC 7617 section 2: no colon in the user-id, no control characters in either. */
static int
check_http(struct conf_reader *r, const struct json *username, const struct json *password)
{
	if (strchr(username->text, ':') != NULL)
		return conf_fail(r, username, "an Http proxy's username cannot hold a colon; write one without");
	if (has_control(username->text))
		return conf_fail(r, username, "an Http proxy's username cannot hold control characters; remove them");
	if (password != NULL && has_control(password->text))
		return conf_fail(r, password, "an Http proxy's password cannot hold control characters; remove them");
	return 0;
}

/* RFC 1929 section 2: 1 to 255 octets each. */
static int
check_socks5(struct conf_reader *r, const struct json *username, const struct json *password)
{
	if (username->len == 0)
		return conf_fail(r, username, "the username is empty; write one, or remove username and password");
	if (username->len > RFC1929_MAX)
		return conf_fail(r, username, "a Socks5 proxy's username is %d bytes at most; write a shorter one", RFC1929_MAX);
	if (password != NULL && password->len > RFC1929_MAX)
		return conf_fail(r, password, "a Socks5 proxy's password is %d bytes at most; write a shorter one", RFC1929_MAX);
	return 0;
}

static int
read_proxy(struct conf_reader *r, const struct json *node, struct conf_proxy *proxy)
{
	const struct json *username, *password;
	int err;

	proxy->name = "";
	proxy->enabled = true;
	if ((err = conf_read_object(r, node, proxy_keys, proxy)) != 0)
		return err;
	username = json_member(node, "username");
	password = json_member(node, "password");
	if (username == NULL)
		return password == NULL ? 0 :
		    conf_fail_key(r, password, "the password has no username; add the key \"username\", or remove this one");
	return proxy->type == PROXY_HTTP ? check_http(r, username, password) : check_socks5(r, username, password);
}

static int
read_proxies(struct conf_reader *r, const struct json *list, const struct conf_key *key, void *field)
{
	struct conf *conf = field;
	int err = conf_want(r, list, JSON_ARRAY);

	(void)key;
	if (err != 0)
		return err;
	if ((conf->proxies = conf_alloc(r, list, list->count, sizeof(*conf->proxies))) == NULL)
		return EINVAL;
	for (const struct json *node = list->first; node != NULL; node = node->next) {
		conf->proxies[node->index].index = node->index;
		if ((err = read_proxy(r, node, &conf->proxies[node->index])) != 0)
			return err;
	}
	conf->nproxies = list->count;
	r->by_id = conf_sort_by_id(r, list, conf->proxies, sizeof(*conf->proxies));
	return r->by_id != NULL ? 0 : EINVAL;
}

static void
print_proxies(yajl_gen gen, const struct conf_key *key, const void *field)
{
	const struct conf *conf = field;

	conf_print_string(gen, key->name);
	yajl_gen_array_open(gen);
	for (size_t i = 0; i < conf->nproxies; i++)
		conf_print_object(gen, proxy_keys, &conf->proxies[i]);
	yajl_gen_array_close(gen);
}

const struct conf_type conf_proxies = { read_proxies, print_proxies };
