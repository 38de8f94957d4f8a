#include "config.h"

#include "base/limit.h"

#include "base/hash.h"

struct limit_client {
	struct addr_key key;
	unsigned       count;
	UT_hash_handle hh;
};

static struct limit_client *
limit_find(const struct limit *l, const union addr *client)
{
	const struct addr_key key = addr_key_ip(client);
	struct limit_client *c;

	HASH_FIND(hh, l->clients, &key, sizeof(key), c);
	return c;
}

bool
limit_take(struct limit *l, const union addr *client, unsigned max, unsigned max_per_client)
{
	struct limit_client *c = limit_find(l, client);

	if (l->count >= max || (c != NULL && c->count >= max_per_client))
		return false;
	if (c == NULL) {
		c = calloc(1, sizeof(*c));
		if (c == NULL)
			return false;
		c->key = addr_key_ip(client);
		HASH_ADD(hh, l->clients, key, sizeof(c->key), c);
	}
	c->count++;
	l->count++;
	return true;
}

void
limit_give(struct limit *l, const union addr *client)
{
	struct limit_client *c = limit_find(l, client);

	if (c == NULL)
		return;
	l->count--;
	if (--c->count > 0)
		return;
	HASH_DEL(l->clients, c);
	free(c);
}

unsigned
limit_count(const struct limit *l, const union addr *client)
{
	const struct limit_client *c = limit_find(l, client);

	return c != NULL ? c->count : 0;
}
