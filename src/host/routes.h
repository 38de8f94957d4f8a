/*
 * routes.h - the networks to which this host has routes.
 *
 * routes_netlink.c (Linux: rtnetlink(7)) or routes_sysctl.c (BSD: route(4), NET_RT_DUMP); the build chooses one.
 *
 * Errors:  0 or an errno value.
 */
#pragma once

#include "base/addr.h"

/* Lists the destinations of all routes, of all routing tables on Linux, except those of the prefixes /0 and /1, by
 * which everything goes; on BSD without routes to single hosts. Unsorted, with duplicates. *list is malloc'd. */
int routes_networks(struct network **list, size_t *count);
