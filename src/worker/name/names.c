#include "config.h"

#include "worker/name/names.h"

#include <sys/queue.h>

#include <errno.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#define HASH_NONFATAL_OOM 1
#define uthash_nonfatal_oom(elt) ((elt)->hh.tbl = NULL)
#include <uthash.h>

/* A name that a client looked up, and that has the address of host. */
struct name {
	UT_hash_handle  hh;             /* names->table, by addr, client and text */
	struct name_entry *host;
	TAILQ_ENTRY(name) of_all, of_host;
	double          expires;
	struct addr_key addr, client;
	char            text[];
};
#define KEY_SIZE(text_size) (offsetof(struct name, text) - offsetof(struct name, addr) + (text_size))

/* The names of one address. */
struct name_entry {
	struct addr_key addr;
	UT_hash_handle hh;              /* names->hosts */
	TAILQ_HEAD(host_names, name) names;       /* most recently looked up first */
	size_t         count;
	bool           shared;          /* by different names, since the oldest of these was learned */
};

struct names {
	size_t       max, count;
	struct name_entry *hosts;
	struct name *table;
	TAILQ_HEAD(, name) all; /* oldest first */
};

struct names *
names_new(size_t max_entries)
{
	struct names *n = calloc(1, sizeof(*n));

	if (n == NULL)
		return NULL;
	n->max = max_entries;
	TAILQ_INIT(&n->all);
	return n;
}

/* Frees an entry without names. */
static void
name_entry_release(struct names *n, struct name_entry *host)
{
	if (!TAILQ_EMPTY(&host->names))
		return;
	HASH_DELETE(hh, n->hosts, host);
	free(host);
}

static void
name_remove(struct names *n, struct name *name)
{
	HASH_DELETE(hh, n->table, name);
	TAILQ_REMOVE(&n->all, name, of_all);
	TAILQ_REMOVE(&name->host->names, name, of_host);
	name->host->count--;
	n->count--;
	name_entry_release(n, name->host);
	free(name);
}

void
names_set_max(struct names *n, size_t max_entries)
{
	n->max = max_entries;
	while (n->count > n->max)
		name_remove(n, TAILQ_FIRST(&n->all));
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
	return n->count;
}

static struct name_entry *
name_entry_find(const struct names *n, const union addr *addr)
{
	const struct addr_key key = addr_key_ip(addr);
	struct name_entry *host;

	HASH_FIND(hh, n->hosts, &key, sizeof(key), host);
	return host;
}

static struct name_entry *
host_get(struct names *n, const union addr *addr)
{
	struct name_entry *host = name_entry_find(n, addr);

	if (host != NULL)
		return host;
	host = calloc(1, sizeof(*host));
	if (host == NULL)
		return NULL;
	host->addr = addr_key_ip(addr);
	TAILQ_INIT(&host->names);
	HASH_ADD(hh, n->hosts, addr, sizeof(host->addr), host);
	if (host->hh.tbl != NULL)
		return host;
	free(host);
	return NULL;
}

static bool
is_of(const struct name *name, const struct addr_key *client)
{
	return memcmp(&name->client, client, sizeof(*client)) == 0;
}

/* Adds a name, in place of an equal one. ENOMEM: it was not added. */
static int
name_add(struct names *n, struct name *name, size_t text_size)
{
	struct name_entry *host = name->host;
	struct name *known;

	HASH_FIND(hh, n->table, &name->addr, KEY_SIZE(text_size), known);
	/* while the address is not shared, all its entries have the same text */
	if (!TAILQ_EMPTY(&host->names))
		host->shared = host->shared || strcmp(TAILQ_FIRST(&host->names)->text, name->text) != 0;
	TAILQ_INSERT_HEAD(&host->names, name, of_host);
	TAILQ_INSERT_TAIL(&n->all, name, of_all);
	host->count++;
	n->count++;
	if (known == NULL && host->count > NAMES_PER_ADDRESS)
		known = TAILQ_LAST(&host->names, host_names);
	if (known == NULL && n->count > n->max)
		known = TAILQ_FIRST(&n->all);
	if (known != NULL)
		name_remove(n, known);
	HASH_ADD(hh, n->table, addr, KEY_SIZE(text_size), name);
	if (name->hh.tbl != NULL)
		return 0;
	TAILQ_REMOVE(&n->all, name, of_all);
	TAILQ_REMOVE(&host->names, name, of_host);
	host->count--;
	n->count--;
	return ENOMEM;
}

int
names_learn(struct names *n, const union addr *client, const union addr *addr, const char *text, double expires)
{
	const size_t size = strlen(text) + 1;
	struct name *name;
	struct name_entry *host;

	if (n->max == 0)
		return 0;
	name = malloc(sizeof(*name) + size);
	host = host_get(n, addr);
	if (name != NULL && host != NULL) {
		*name = (struct name){ .host = host, .addr = host->addr, .client = addr_key_ip(client),
			.expires = expires };
		memcpy(name->text, text, size);
		if (name_add(n, name, size) == 0)
			return 0;
	}
	if (host != NULL)
		name_entry_release(n, host);
	free(name);
	return ENOMEM;
}

const char *
names_lookup(struct names *n, const union addr *client, const union addr *addr, double now)
{
	const struct addr_key key = addr_key_ip(client);
	const struct name_entry *host = name_entry_find(n, addr);
	const struct name *name;
	const char *of_others = NULL;

	if (host == NULL)
		return NULL;
	TAILQ_FOREACH(name, &host->names, of_host) {
		if (name->expires <= now)
			continue;
		if (is_of(name, &key))
			return name->text;
		if (of_others == NULL)
			of_others = name->text;
	}
	return of_others;
}

bool
names_is_shared(struct names *n, const union addr *addr)
{
	const struct name_entry *host = name_entry_find(n, addr);

	return host != NULL && host->shared;
}

bool
names_has(struct names *n, const union addr *addr, const char *text)
{
	const struct name_entry *host = name_entry_find(n, addr);
	const struct name *name;

	if (host != NULL)
		TAILQ_FOREACH(name, &host->names, of_host)
			if (strcmp(name->text, text) == 0)
				return true;
	return false;
}

void
names_each(const struct names *n, void (*each)(void *, const union addr *, const char *, double), void *arg)
{
	const struct name *name;
	union addr addr;

	TAILQ_FOREACH(name, &n->all, of_all) {
		addr_from_bytes(&addr, name->host->addr.family, name->host->addr.bytes, 0);
		each(arg, &addr, name->text, name->expires);
	}
}
