/*
 * dns_types.h - sizes, types and names that all dns_* files share. Sources: RFC 1035, RFC 9460.
 */
#pragma once

#define DNS_MESSAGE_MAX 65535   /* RFC 1035 section 4.2.2: a length of two bytes */
#define DNS_HEADER_LEN  12
#define DNS_WIRE_MAX    255     /* a name, with its length bytes and the root */

enum dns_type { DNS_A = 1, DNS_SOA = 6, DNS_AAAA = 28, DNS_OPT = 41, DNS_SVCB = 64, DNS_HTTPS = 65, DNS_IXFR = 251,
	DNS_AXFR = 252, DNS_ANY = 255 };
enum { DNS_CLASS_IN = 1 };

/* Uncompressed and in lower case. */
struct dns_name {
	size_t  len;
	uint8_t wire[DNS_WIRE_MAX];
};
