/*
 * network_set.h - a set of networks with fast lookups: does it cover this network (or address)?
 *
 * Owner:   whoever holds the struct; all zero is empty, network_set_free() frees its memory.
 * Errors:  0 or ENOMEM.
 */
#pragma once

#include "base/addr.h"

struct network_set {
	struct network *list;           /* after network_set_close(): sorted, none inside another */
	size_t          count, room;
};

int  network_set_add(struct network_set *, const struct network *);
/* Sorts the set: after the last network_set_add(), before the first lookup. */
void network_set_close(struct network_set *);
/* True when one network of the set contains the whole of this one. */
bool network_set_covers(const struct network_set *, const struct network *);
void network_set_free(struct network_set *);
