/*
 * ifaddrs.h - this host's own addresses.
 *
 * Source: getifaddrs(3).
 */
#ifndef PFI_IFADDRS_H
#define PFI_IFADDRS_H

#include "base/addr.h"

/* Every address and broadcast address of every interface that we can reach, as host networks, sorted, without
 * duplicates; 127.0.0.0/8 in whole. *list is malloc'd. 0 or an errno value. */
int ifaddrs_networks(struct network **list, size_t *count);
/* 0: addr is one of them; ENOENT: it is none; else an errno value. */
int ifaddrs_has(const union addr *);

#endif
