/*
 * dns_local.h - names that stay on this host or its network, whatever the rules say.
 *
 * Pure. Names are lower case, without final dot, as dns_name_text() gives them.
 * Sources: RFC 6303 and RFC 7793 (reverse zones of private addresses).
 */
#ifndef PFI_DNS_LOCAL_H
#define PFI_DNS_LOCAL_H

#include "base/addr.h"

/* A browser to which this name does not exist leaves DNS over HTTPS off, unless its user wants it. */
#define DNS_CANARY "use-application-dns.net"

/* Is it in the reverse zone of addresses that mean something only here? */
bool dns_local_name(const char *name);

/* Is the resolver at such an address itself, so that it may know such names? */
bool dns_local_resolver(const union addr *);

#endif
