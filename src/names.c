#include "config.h"

#include "names.h"

#include <sys/queue.h>

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define HASH_NONFATAL_OOM 1
#define uthash_nonfatal_oom(elt) ((elt)->hh.tbl = NULL)
#include <uthash.h>

struct pair { struct addr_key addr, client; };

/* The name that client asked last and that gave addr. */
struct name {
	struct pair    pair;
	UT_hash_handle hh;              /* names->pairs, the oldest first */
	struct host   *host;
	TAILQ_ENTRY(name) of_host;      /* host->names, newest first */
	double         expires;
	char           text[];
};

/* Everything that is known about one address. */
struct host {
	struct addr_key addr;
	UT_hash_handle hh;              /* names->hosts */
	TAILQ_HEAD(, name) names;
	bool           shared;          /* by several names, since the first of those here was learned */
};

struct names {
	size_t       max;
	struct name *pairs;
	struct host *hosts;
};

struct names *
names_new(size_t max_entries)
{
	struct names *n = calloc(1, sizeof(*n));

	if (n != NULL)
		n->max = max_entries;
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
	HASH_DELETE(hh, n->pairs, name);
	TAILQ_REMOVE(&name->host->names, name, of_host);
	host_release(n, name->host);
	free(name);
}

void
names_set_max(struct names *n, size_t max_entries)
{
	n->max = max_entries;
	while (HASH_CNT(hh, n->pairs) > n->max)
		name_remove(n, n->pairs);
}

void
names_free(struct names *n)
{
	if (n != NULL)
		names_set_max(n, 0);
	free(n);
}

size_t
names_count(const struct names *n)
{
	return HASH_CNT(hh, n->pairs);
}

static struct host *
host_get(struct names *n, const struct addr_key *addr)
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
	if (host->hh.tbl != NULL)
		return host;
	free(host);
	return NULL;
}

/* Is addr known by another name than text? */
static bool
host_is_shared(struct names *n, const struct addr_key *addr, const char *text)
{
	const struct host *host;
	const struct name *name;

	HASH_FIND(hh, n->hosts, addr, sizeof(*addr), host);
	if (host == NULL || host->shared)
		return host != NULL;
	TAILQ_FOREACH(name, &host->names, of_host)
		if (strcmp(name->text, text) != 0)
			return true;
	return false;
}

int
names_learn(struct names *n, const union addr *client, const union addr *addr, const char *text, double expires)
{
	const struct pair pair = { addr_key_ip(addr), addr_key_ip(client) };
	const size_t size = strlen(text) + 1;
	struct name *name;
	bool shared;

	if (n->max == 0)
		return 0;
	shared = host_is_shared(n, &pair.addr, text);
	HASH_FIND(hh, n->pairs, &pair, sizeof(pair), name);
	if (name == NULL && HASH_CNT(hh, n->pairs) >= n->max)
		name = n->pairs;
	if (name != NULL)
		name_remove(n, name);
	name = calloc(1, sizeof(*name) + size);
	if (name == NULL)
		return ENOMEM;
	name->pair = pair;
	name->expires = expires;
	memcpy(name->text, text, size);
	name->host = host_get(n, &pair.addr);
	if (name->host == NULL) {
		free(name);
		return ENOMEM;
	}
	name->host->shared = shared;
	TAILQ_INSERT_HEAD(&name->host->names, name, of_host);
	HASH_ADD(hh, n->pairs, pair, sizeof(name->pair), name);
	if (name->hh.tbl != NULL)
		return 0;
	TAILQ_REMOVE(&name->host->names, name, of_host);
	host_release(n, name->host);
	free(name);
	return ENOMEM;
}

const char *
names_lookup(struct names *n, const union addr *client, const union addr *addr, double now)
{
	const struct pair pair = { addr_key_ip(addr), addr_key_ip(client) };
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

bool
names_is_shared(struct names *n, const union addr *addr)
{
	const struct addr_key key = addr_key_ip(addr);
	const struct host *host;

	HASH_FIND(hh, n->hosts, &key, sizeof(key), host);
	return host != NULL && host->shared;
}
