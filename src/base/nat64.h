/*
 * nat64.h - IPv4 addresses inside IPv6 ones (RFC 6052 section 2.2), as networks without IPv4 use them.
 *
 *   prefix        /32 .. /64: the address is behind it, around the zero byte 8        /96: the last four bytes
 *
 * Pure.
 */
#pragma once

#include "base/addr.h"

/* 64:ff9b::/96, which every network may use (section 2.1). */
extern const struct network nat64_well_known;

/* False: not an IPv6 network of 32, 40, 48, 56, 64 or 96 bits, or byte 8 is not zero. */
bool nat64_is_prefix(const struct network *);

/* False: addr is not under the prefix. */
bool nat64_extract(const struct network *prefix, const union addr *addr, union addr *v4);

/* The IPv6 network that holds the addresses of an IPv4 network. */
struct network nat64_embed(const struct network *prefix, const struct network *v4);
