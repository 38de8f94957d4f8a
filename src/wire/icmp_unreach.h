/*
 * icmp_unreach.h - the packet that tells the sender of a datagram that nobody takes it.
 *
 * Sources: RFC 792 (destination unreachable, code 3), RFC 4443 section 3.1 (code 4), RFC 791, RFC 8200, RFC 768,
 *          RFC 1071 and RFC 8200 section 8.1 (checksums).
 * Pure.
 */
#ifndef PFI_ICMP_UNREACH_H
#define PFI_ICMP_UNREACH_H

#include "base/addr.h"

#define ICMP_UNREACH_MAX (40 + 8 + 40 + 8)      /* IPv6, ICMPv6, and the quoted IPv6 and UDP headers */

/* The whole packet "port unreachable", from dst to client, quoting the headers of an (empty) datagram
 * from client to dst. All fields in network order. Its length; 0 when the families differ or are none. */
size_t icmp_unreach_build(const union addr *client, const union addr *dst, uint8_t out[ICMP_UNREACH_MAX]);

/* Where the ICMP part begins, for systems that write the header before it themselves. */
size_t icmp_unreach_offset(int family);

#endif
