#include "config.h"

#include "worker/name/names.h"

#include <sys/queue.h>

#define HASH_NONFATAL_OOM 1
#include "base/hash.h"

TAILQ_HEAD(name_list, name);

struct name_host {
	UT_hash_handle   hh;            /* names->hosts, by text */
	struct name_list names;
	enum action   rank;
	char             text[];
};

struct name_addr {
	UT_hash_handle   hh;            /* names->addrs, by key */
	struct addr_key  key;
	struct name_list names;         /* most recently learned first */
	size_t           count;
};

struct name {
	struct name_host *host;
	struct name_addr *addr;
	TAILQ_ENTRY(name) of_rank, of_host, of_addr;
	double            vouched;
};

/* A public name of ECH. */
struct outer {
	UT_hash_handle     hh;          /* names->outers, by text */
	TAILQ_ENTRY(outer) of_rank;
	enum action     rank;
	char               text[];
};

struct names {
	size_t            max, count;
	struct name_host *hosts;
	struct name_addr *addrs;
	struct name_list  by_rank[(ACTION_BLOCK + 1)];          /* the longest ago learned first */
	struct outer     *outers;
	TAILQ_HEAD(, outer) outers_by_rank[(ACTION_BLOCK + 1)];
};

struct names *
names_new(size_t max_entries)
{
	struct names *n = calloc(1, sizeof(*n));

	if (n == NULL)
		return NULL;
	n->max = max_entries;
	for (int rank = 0; rank <= ACTION_BLOCK; rank++) {
		TAILQ_INIT(&n->by_rank[rank]);
		TAILQ_INIT(&n->outers_by_rank[rank]);
	}
	return n;
}

static void
host_release(struct names *n, struct name_host *host)
{
	if (!TAILQ_EMPTY(&host->names))
		return;
	HASH_DELETE(hh, n->hosts, host);
	free(host);
}

static void
addr_release(struct names *n, struct name_addr *addr)
{
	if (!TAILQ_EMPTY(&addr->names))
		return;
	HASH_DELETE(hh, n->addrs, addr);
	free(addr);
}

static void
name_remove(struct names *n, struct name *name)
{
	TAILQ_REMOVE(&n->by_rank[name->host->rank], name, of_rank);
	TAILQ_REMOVE(&name->host->names, name, of_host);
	TAILQ_REMOVE(&name->addr->names, name, of_addr);
	name->addr->count--;
	n->count--;
	host_release(n, name->host);
	addr_release(n, name->addr);
	free(name);
}

static struct name *
names_least(const struct names *n)
{
	struct name *name = NULL;

	for (int rank = 0; rank <= ACTION_BLOCK && name == NULL; rank++)
		name = TAILQ_FIRST(&n->by_rank[rank]);
	return name;
}

void
names_set_max(struct names *n, size_t max_entries)
{
	n->max = max_entries;
	while (n->count > n->max)
		name_remove(n, names_least(n));
}

static void
outer_remove(struct names *n, struct outer *outer)
{
	HASH_DELETE(hh, n->outers, outer);
	TAILQ_REMOVE(&n->outers_by_rank[outer->rank], outer, of_rank);
	free(outer);
}

void
names_free(struct names *n)
{
	struct outer *outer, *next;

	if (n == NULL)
		return;
	names_set_max(n, 0);
	HASH_ITER(hh, n->outers, outer, next)
		outer_remove(n, outer);
	free(n);
}

size_t
names_count(const struct names *n)
{
	return n->count;
}

static struct name_host *
host_find(const struct names *n, const char *text)
{
	struct name_host *host;

	HASH_FIND_STR(n->hosts, text, host);
	return host;
}

static struct name_addr *
addr_find(const struct names *n, const union addr *a)
{
	const struct addr_key key = addr_key_ip(a);
	struct name_addr *addr;

	HASH_FIND(hh, n->addrs, &key, sizeof(key), addr);
	return addr;
}

/* Finds or makes the entry. NULL: no memory. */
static struct name_host *
host_get(struct names *n, const char *text, enum action rank)
{
	const size_t len = strlen(text);
	struct name_host *host = host_find(n, text);

	if (host != NULL || (host = calloc(1, sizeof(*host) + len + 1)) == NULL)
		return host;
	memcpy(host->text, text, len);
	host->rank = rank;
	TAILQ_INIT(&host->names);
	HASH_ADD_KEYPTR(hh, n->hosts, host->text, len, host);
	if (host->hh.tbl != NULL)
		return host;
	free(host);
	return NULL;
}

static struct name_addr *
addr_get(struct names *n, const union addr *a)
{
	struct name_addr *addr = addr_find(n, a);

	if (addr != NULL || (addr = calloc(1, sizeof(*addr))) == NULL)
		return addr;
	addr->key = addr_key_ip(a);
	TAILQ_INIT(&addr->names);
	HASH_ADD(hh, n->addrs, key, sizeof(addr->key), addr);
	if (addr->hh.tbl != NULL)
		return addr;
	free(addr);
	return NULL;
}

/* The name of the address to give up for one more: of the lowest rank, the longest ago learned. */
static struct name *
addr_least(const struct name_addr *addr)
{
	struct name *name, *least = TAILQ_FIRST(&addr->names);

	TAILQ_FOREACH(name, &addr->names, of_addr)
		if (name->host->rank <= least->host->rank)
			least = name;
	return least;
}

static void
name_move_up(struct names *n, struct name *name)
{
	TAILQ_REMOVE(&n->by_rank[name->host->rank], name, of_rank);
	TAILQ_INSERT_TAIL(&n->by_rank[name->host->rank], name, of_rank);
	TAILQ_REMOVE(&name->addr->names, name, of_addr);
	TAILQ_INSERT_HEAD(&name->addr->names, name, of_addr);
}

static void
host_set_rank(struct names *n, struct name_host *host, enum action rank)
{
	struct name *name;

	if (host->rank == rank)
		return;
	TAILQ_FOREACH(name, &host->names, of_host) {
		TAILQ_REMOVE(&n->by_rank[host->rank], name, of_rank);
		TAILQ_INSERT_TAIL(&n->by_rank[rank], name, of_rank);
	}
	host->rank = rank;
}

static int
name_add(struct names *n, struct name_host *host, struct name_addr *addr)
{
	struct name *name = malloc(sizeof(*name));

	if (name == NULL)
		return ENOMEM;
	*name = (struct name){ .host = host, .addr = addr };
	TAILQ_INSERT_TAIL(&n->by_rank[host->rank], name, of_rank);
	TAILQ_INSERT_TAIL(&host->names, name, of_host);
	TAILQ_INSERT_HEAD(&addr->names, name, of_addr);
	addr->count++;
	n->count++;
	if (addr->count > NAMES_PER_ADDRESS)
		name_remove(n, addr_least(addr));
	else if (n->count > n->max)
		name_remove(n, names_least(n));
	return 0;
}

int
names_learn(struct names *n, const union addr *a, const char *text, enum action rank)
{
	struct name_host *host = host_get(n, text, rank);
	struct name_addr *addr = addr_get(n, a);
	struct name *name = NULL;
	int error = host != NULL && addr != NULL ? 0 : ENOMEM;

	if (error == 0) {
		host_set_rank(n, host, rank);
		TAILQ_FOREACH(name, &addr->names, of_addr)
			if (name->host == host)
				break;
		if (name != NULL)
			name_move_up(n, name);
		else
			error = name_add(n, host, addr);
	}
	if (error != 0 && host != NULL)
		host_release(n, host);
	if (error != 0 && addr != NULL)
		addr_release(n, addr);
	return error;
}

void
names_vouch(struct names *n, const union addr *a, const char *text, double until)
{
	struct name_host *host = host_find(n, text);
	struct name_addr *addr = host != NULL ? addr_find(n, a) : NULL;
	struct name *name;

	if (addr == NULL)
		return;
	TAILQ_FOREACH(name, &addr->names, of_addr)
		if (name->host == host && name->vouched < until)
			name->vouched = until;
}

double
name_vouched(const struct name *name)
{
	return name->vouched;
}

void
names_rank(struct names *n, enum action (*rank)(const void *, const char *), const void *arg)
{
	struct name_host *host, *next;

	HASH_ITER(hh, n->hosts, host, next)
		host_set_rank(n, host, rank(arg, host->text));
}

const struct name *
names_of_addr(const struct names *n, const union addr *a)
{
	const struct name_addr *addr = addr_find(n, a);

	return addr != NULL ? TAILQ_FIRST(&addr->names) : NULL;
}

const struct name *
name_next_of_addr(const struct name *name)
{
	return TAILQ_NEXT(name, of_addr);
}

const struct name *
names_of_host(const struct names *n, const char *text)
{
	const struct name_host *host = host_find(n, text);

	return host != NULL ? TAILQ_FIRST(&host->names) : NULL;
}

const struct name *
name_next_of_host(const struct name *name)
{
	return TAILQ_NEXT(name, of_host);
}

const char *
name_text(const struct name *name)
{
	return name->host->text;
}

enum action
name_rank(const struct name *name)
{
	return name->host->rank;
}

void
name_addr(const struct name *name, union addr *addr)
{
	addr_from_bytes(addr, name->addr->key.family, name->addr->key.bytes, 0);
}

void
names_each(const struct names *n, void (*each)(void *, const struct name *), void *arg)
{
	const struct name *name;

	for (int rank = 0; rank <= ACTION_BLOCK; rank++)
		TAILQ_FOREACH(name, &n->by_rank[rank], of_rank)
			each(arg, name);
}

static struct outer *
outer_find(const struct names *n, const char *text)
{
	struct outer *outer;

	HASH_FIND_STR(n->outers, text, outer);
	return outer;
}

static void
outers_make_room(struct names *n)
{
	struct outer *least = NULL;

	for (int rank = 0; rank <= ACTION_BLOCK && least == NULL; rank++)
		least = TAILQ_FIRST(&n->outers_by_rank[rank]);
	if (HASH_COUNT(n->outers) >= NAMES_OUTER)
		outer_remove(n, least);
}

int
names_learn_outer(struct names *n, const char *text, enum action rank)
{
	const size_t len = strlen(text);
	struct outer *outer = outer_find(n, text);

	if (outer != NULL) {
		rank = outer->rank > rank ? outer->rank : rank;
		TAILQ_REMOVE(&n->outers_by_rank[outer->rank], outer, of_rank);
	} else {
		outers_make_room(n);
		outer = calloc(1, sizeof(*outer) + len + 1);
		if (outer == NULL)
			return ENOMEM;
		memcpy(outer->text, text, len);
		HASH_ADD_KEYPTR(hh, n->outers, outer->text, len, outer);
		if (outer->hh.tbl == NULL) {
			free(outer);
			return ENOMEM;
		}
	}
	outer->rank = rank;
	TAILQ_INSERT_TAIL(&n->outers_by_rank[rank], outer, of_rank);
	return 0;
}

bool
names_is_outer(const struct names *n, const char *text)
{
	return outer_find(n, text) != NULL;
}
