#include "config.h"

#include "limit.h"

#include <stdlib.h>
#include <string.h>

#include <uthash.h>

struct limit_client {
	uint8_t        key[17];         /* family, address */
	unsigned       count;
	UT_hash_handle hh;
};

struct limit {
	struct limit_client *clients;
	size_t               count;
};

struct limit *
limit_new(void)
{
	return calloc(1, sizeof(struct limit));
}

void
limit_free(struct limit *l)
{
	struct limit_client *c, *next;

	if (l == NULL)
		return;
	HASH_ITER(hh, l->clients, c, next) {
		HASH_DEL(l->clients, c);
		free(c);
	}
	free(l);
}

static struct limit_client *
limit_find(const struct limit *l, const union addr *client, uint8_t key[17])
{
	struct limit_client *c;
	size_t len;
	const uint8_t *bytes = addr_bytes(client, &len);

	memset(key, 0, 17);
	key[0] = (uint8_t)len;
	memcpy(key + 1, bytes, len);
	HASH_FIND(hh, l->clients, key, 17, c);
	return c;
}

bool
limit_take(struct limit *l, const union addr *client, unsigned max, unsigned max_per_client)
{
	uint8_t key[17];
	struct limit_client *c = limit_find(l, client, key);

	if (l->count >= max || (c != NULL && c->count >= max_per_client))
		return false;
	if (c == NULL) {
		c = calloc(1, sizeof(*c));
		if (c == NULL)
			return false;
		memcpy(c->key, key, sizeof(c->key));
		HASH_ADD(hh, l->clients, key, sizeof(c->key), c);
	}
	c->count++;
	l->count++;
	return true;
}

void
limit_give(struct limit *l, const union addr *client)
{
	uint8_t key[17];
	struct limit_client *c = limit_find(l, client, key);

	if (c == NULL)
		return;
	l->count--;
	if (--c->count > 0)
		return;
	HASH_DEL(l->clients, c);
	free(c);
}

size_t
limit_count(const struct limit *l)
{
	return l->count;
}
