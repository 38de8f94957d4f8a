/*
 * ifaddrs.h - the addresses of this host.
 *
 * Source:  getifaddrs(3), asked at each call.
 * Errors:  0 or an errno value.
 */
#pragma once

#include "base/addr.h"

/* Lists the addresses and broadcast addresses of all interfaces that net_is_reachable(), as networks of one host each,
 * sorted, without duplicates, and 127.0.0.0/8. *list is malloc'd. */
int ifaddrs_networks(struct network **list, size_t *count);
/* 0: addr is one of them. ENOENT: it is not. */
int ifaddrs_has(const union addr *);
