#include "config.h"

#include "base/network_set.h"

int
network_set_add(struct network_set *set, const struct network *net)
{
	if (set->count == set->room) {
		const size_t room = set->room * 2 + 16;
		struct network *list = realloc(set->list, room * sizeof(*list));

		if (list == NULL)
			return ENOMEM;
		set->list = list;
		set->room = room;
	}
	set->list[set->count++] = *net;
	return 0;
}

/* Order: a network, then everything inside it. */
static int
compare(const void *a, const void *b)
{
	const struct network *x = a, *y = b;
	int order = x->family - y->family;

	if (order == 0)
		order = memcmp(x->bytes, y->bytes, sizeof(x->bytes));
	return order != 0 ? order : x->prefix - y->prefix;
}

static bool
covers(const struct network *outer, const struct network *inner)
{
	union addr addr;

	addr_from_bytes(&addr, inner->family, inner->bytes, 0);
	return inner->prefix >= outer->prefix && network_contains(outer, &addr);
}

void
network_set_close(struct network_set *set)
{
	size_t n = 0;

	if (set->count > 1)
		qsort(set->list, set->count, sizeof(set->list[0]), compare);
	for (size_t i = 0; i < set->count; i++)
		if (n == 0 || !covers(&set->list[n - 1], &set->list[i]))
			set->list[n++] = set->list[i];
	set->count = n;
}

/* The networks are disjoint: only the last one that sorts before net, or equals it, can contain it. */
bool
network_set_covers(const struct network_set *set, const struct network *net)
{
	size_t low = 0, high = set->count, middle;

	while (low < high) {
		middle = low + (high - low) / 2;
		if (compare(&set->list[middle], net) <= 0)
			low = middle + 1;
		else
			high = middle;
	}
	return low > 0 && covers(&set->list[low - 1], net);
}

void
network_set_free(struct network_set *set)
{
	free(set->list);
	*set = (struct network_set){ .count = 0 };
}
