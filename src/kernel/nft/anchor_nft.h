/*
 * anchor_nft.h - the nftables backend of anchor.h (Linux).
 *
 *   TCP of this host     nat output: dnat to our listener
 *   UDP of this host     marked on output, so that routing turns it round to lo, then tproxy
 *   forwarded traffic    tproxy on intercept.interfaces
 *
 * Mode "matched": the sets targets4, targets6 (from the configuration) and learned4, learned6 (with time-outs) hold
 * the destinations. In chains that see every packet, the connection's mark keeps the decision on its first packet.
 *
 * tproxy needs a route that delivers marked packets to this host: see nft_route.h.
 * Sources: nft(8), Documentation/networking/tproxy.rst of the kernel.
 */
#pragma once

#include "kernel/anchor_input.h"

/* Writes the table for nft(8); for ANCHOR_EMPTY one that intercepts nothing. 0, EIO or ENOMEM. */
int anchor_nft_render(FILE *out, const struct anchor_input *);
