/*
 * dns_local.h - DNS names that never go through a proxy, because they mean something on this network only.
 *
 * Pure. Names are in lower case without the final dot, as dns_name_text() writes them.
 * Sources: RFC 6303 and RFC 7793 (reverse zones of private addresses).
 */
#ifndef PFI_DNS_LOCAL_H
#define PFI_DNS_LOCAL_H

#include "base/addr.h"

/* Browsers that get NXDOMAIN for this name do not turn on DNS over HTTPS by themselves. */
#define DNS_CANARY "use-application-dns.net"

/* True in the reverse zones of private, loopback, link-local and documentation addresses. */
bool dns_local_name(const char *name);

/* True for a resolver at a private, loopback or link-local address: it may know such names. */
bool dns_local_resolver(const union addr *);

#endif
