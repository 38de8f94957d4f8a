#include "config.h"

#include "names.h"

#include <sys/queue.h>

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define HASH_NONFATAL_OOM 1
#define uthash_nonfatal_oom(elt) ((elt)->hh.tbl = NULL)
#include <uthash.h>

/* An address without port, as a key. */
struct ip {
	uint8_t bytes[16];
	uint8_t len;            /* 4, 16, or 0 for none */
};

struct pair { struct ip addr, client; };

/* The name that client asked last and that gave addr. */
struct name {
	struct pair pair;
	UT_hash_handle hh;                      /* names->pairs */
	TAILQ_ENTRY(name) by_age;               /* names->ages, oldest first */
	struct host *host;
	TAILQ_ENTRY(name) of_host;              /* host->names, newest first */
	double expires;
	char   text[];
};

TAILQ_HEAD(name_list, name);

/* Everything that is known about one address. */
struct host {
	struct ip addr;
	UT_hash_handle hh;                      /* names->hosts */
	struct name_list names;
};

struct names {
	size_t           max;
	struct name     *pairs;
	struct host     *hosts;
	struct name_list ages;
};

static struct ip
ip_of(const union addr *addr)
{
	struct ip ip;
	size_t len;
	const uint8_t *bytes = addr_bytes(addr, &len);

	memset(&ip, 0, sizeof(ip));
	ip.len = (uint8_t)len;
	memcpy(ip.bytes, bytes, len);
	return ip;
}

static struct pair
pair_of(const union addr *addr, const union addr *client)
{
	struct pair pair;

	memset(&pair, 0, sizeof(pair));
	pair.addr = ip_of(addr);
	pair.client = ip_of(client);
	return pair;
}

struct names *
names_new(size_t max_entries)
{
	struct names *n = calloc(1, sizeof(*n));

	if (n == NULL)
		return NULL;
	n->max = max_entries;
	TAILQ_INIT(&n->ages);
	return n;
}

/* Frees the host when no name is left. */
static void
host_release(struct names *n, struct host *host)
{
	if (!TAILQ_EMPTY(&host->names))
		return;
	HASH_DELETE(hh, n->hosts, host);
	free(host);
}

static void
name_remove(struct names *n, struct name *name)
{
	struct host *host = name->host;

	HASH_DELETE(hh, n->pairs, name);
	TAILQ_REMOVE(&n->ages, name, by_age);
	TAILQ_REMOVE(&host->names, name, of_host);
	free(name);
	host_release(n, host);
}

void
names_set_max(struct names *n, size_t max_entries)
{
	n->max = max_entries;
	while (HASH_CNT(hh, n->pairs) > n->max)
		name_remove(n, TAILQ_FIRST(&n->ages));
}

void
names_free(struct names *n)
{
	if (n == NULL)
		return;
	names_set_max(n, 0);
	free(n);
}

size_t
names_count(const struct names *n)
{
	return HASH_CNT(hh, n->pairs);
}

static struct host *
host_get(struct names *n, const struct ip *addr)
{
	struct host *host;

	HASH_FIND(hh, n->hosts, addr, sizeof(*addr), host);
	if (host != NULL)
		return host;
	host = calloc(1, sizeof(*host));
	if (host == NULL)
		return NULL;
	host->addr = *addr;
	TAILQ_INIT(&host->names);
	HASH_ADD(hh, n->hosts, addr, sizeof(host->addr), host);
	if (host->hh.tbl == NULL) {
		free(host);
		return NULL;
	}
	return host;
}

static int
name_add(struct names *n, const struct pair *pair, const char *text, double expires)
{
	size_t size = strlen(text) + 1;
	struct name *name = calloc(1, sizeof(*name) + size);

	if (name == NULL)
		return ENOMEM;
	name->pair = *pair;
	name->expires = expires;
	memcpy(name->text, text, size);
	name->host = host_get(n, &pair->addr);
	if (name->host == NULL) {
		free(name);
		return ENOMEM;
	}
	HASH_ADD(hh, n->pairs, pair, sizeof(name->pair), name);
	if (name->hh.tbl == NULL) {
		host_release(n, name->host);
		free(name);
		return ENOMEM;
	}
	TAILQ_INSERT_TAIL(&n->ages, name, by_age);
	TAILQ_INSERT_HEAD(&name->host->names, name, of_host);
	return 0;
}

int
names_learn(struct names *n, const union addr *client, const union addr *addr, const char *text, double expires)
{
	struct pair pair = pair_of(addr, client);
	struct name *old;

	if (n->max == 0)
		return 0;
	HASH_FIND(hh, n->pairs, &pair, sizeof(pair), old);
	if (old != NULL)
		name_remove(n, old);
	else if (HASH_CNT(hh, n->pairs) >= n->max)
		name_remove(n, TAILQ_FIRST(&n->ages));
	return name_add(n, &pair, text, expires);
}

const char *
names_lookup(struct names *n, const union addr *client, const union addr *addr, double now)
{
	struct pair pair = pair_of(addr, client);
	struct host *host;
	struct name *name;

	HASH_FIND(hh, n->pairs, &pair, sizeof(pair), name);
	if (name != NULL && name->expires > now)
		return name->text;
	HASH_FIND(hh, n->hosts, &pair.addr, sizeof(pair.addr), host);
	if (host == NULL)
		return NULL;
	TAILQ_FOREACH(name, &host->names, of_host)
		if (name->expires > now)
			return name->text;
	return NULL;
}
