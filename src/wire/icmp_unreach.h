/*
 * icmp_unreach.h - builds the ICMP message "port unreachable". Pure.
 *
 * Sources: RFC 792 (destination unreachable, code 3), RFC 4443 section 3.1 (code 4), RFC 791, RFC 8200, RFC 768,
 *          RFC 1071 and RFC 8200 section 8.1 (checksums).
 */
#pragma once

#include "base/addr.h"

#define ICMP_UNREACH_MAX (40 + 8 + 40 + 8)      /* IPv6, ICMPv6, and the quoted IPv6 and UDP headers */

/* Writes the packet from dst to client, IP header included, with the headers of an empty datagram from client to dst as
 * the quoted part. All fields are in network order. Returns the length; 0: the families differ, or are not IP. */
size_t icmp_unreach_build(const union addr *client, const union addr *dst, uint8_t out[ICMP_UNREACH_MAX]);

/* The offset of the ICMP header, for systems that write the IP header themselves. */
size_t icmp_unreach_offset(int family);
