/*
 * dns_local.h - DNS names that never go through a proxy, because they mean something on this network only; and
 *               canaries.
 *
 * Pure. Names are in lower case without the final dot, as dns_name_text() writes them.
 * Sources: RFC 6303 and RFC 7793 (reverse zones of private addresses), RFC 9462 (designated resolvers).
 */
#pragma once

#include "base/addr.h"

/* Names by which clients find out whether they may pass their resolver by. */
enum dns_canary {
	DNS_CANARY_NONE,        /* an ordinary name */
	DNS_CANARY_BROWSER,     /* use-application-dns.net; NXDOMAIN: no DNS over HTTPS by the browser's own choice */
	DNS_CANARY_RELAY,       /* mask.icloud.com, mask-h2.icloud.com; NXDOMAIN: no iCloud Private Relay */
	DNS_CANARY_DESIGNATED   /* resolver.arpa and all names below (RFC 9462 section 4); no records: no designated
	                         * resolver */
};
enum dns_canary dns_canary(const char *name);

/* True in the reverse zones of private, loopback, link-local and documentation addresses. */
bool dns_local_name(const char *name);

/* True for a resolver at a private, loopback or link-local address: it may know such names. */
bool dns_local_resolver(const union addr *);
