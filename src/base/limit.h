/*
 * limit.h - counts flows, in total and for each client address, and enforces limits.
 *
 * Owner:   whoever holds the struct; all zero is empty. The caller pairs each limit_take() that returned true with one
 *          limit_give(); after the last one nothing is allocated.
 * Bounds:  one entry for each client that has a flow.
 */
#pragma once

#include "base/addr.h"

struct limit {
	struct limit_client *clients;
	size_t               count;
};

/* Counts one more flow of the client. False: above one of the limits, or out of memory. */
bool limit_take(struct limit *, const union addr *client, unsigned max, unsigned max_per_client);
void limit_give(struct limit *, const union addr *client);
unsigned limit_count(const struct limit *, const union addr *client);
