/*
 * flow_other.h - the IPv4 addresses of the host to which a client opened a direct IPv6 connection (RFC 8305).
 *
 * Our accept has told the program that its IPv6 works, so that it does not try IPv4 itself. An address counts only if
 *   the client's own bytes name the host (SNI, Host; not a request meant for another proxy, not an outer name of ECH),
 *   one of this host's resolvers gave both addresses for exactly that name, and not too long ago: a resolver of a
 *   client's choice could lead the connections of others anywhere,
 *   the rules leave that address direct, too, and it is no address of this host or its links.
 *
 * Units:   now: seconds on the loop's clock.
 */
#pragma once

#include "worker/decide/flow_decide.h"

/* data: the client's first bytes. Returns the number of addresses, with port, at most max. */
size_t flow_other_addrs(const struct decision *, const uint8_t *data, size_t len, double now, union addr out[],
    size_t max);
