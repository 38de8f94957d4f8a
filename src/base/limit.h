/*
 * limit.h - how many flows there are, in all and for each client address.
 *
 * Owner:   whoever holds the struct; all zero is none. Every limit_take() that gave true is paired with one
 *          limit_give(), which leaves nothing to free.
 * Bounds:  one entry for each client with at least one flow.
 */
#ifndef PFI_LIMIT_H
#define PFI_LIMIT_H

#include "base/addr.h"

struct limit {
	struct limit_client *clients;
	size_t               count;
};

/* Counts one more flow of client, unless a bound would be passed. */
bool limit_take(struct limit *, const union addr *client, unsigned max, unsigned max_per_client);
void limit_give(struct limit *, const union addr *client);

#endif
