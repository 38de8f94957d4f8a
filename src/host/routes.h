/*
 * routes.h - the networks to which this host has routes.
 *
 * routes_netlink.c (Linux: rtnetlink(7)) or routes_sysctl.c (BSD: route(4), NET_RT_DUMP); the build chooses one.
 *
 * Errors:  0 or an errno value.
 */
#pragma once

#include "base/network_set.h"

/* Adds the destinations of all routes, of all routing tables on Linux, except those of the prefixes /0 and /1, by
 * which everything goes; on BSD without routes to single hosts. What was added before an error stays in the set. */
int routes_networks(struct network_set *);
