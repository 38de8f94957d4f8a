/*
 * resolvers.h - the resolvers that this system uses, from its own files or from scutil(8).
 *
 * resolvers_files.c (resolv.conf(5); where that names only a stub on this host, the lists of systemd-resolved,
 * NetworkManager and resolvconf) or resolvers_darwin.c (the set of SystemConfiguration, with resolvers for domains and
 * for interfaces); the build chooses one.
 *
 * The parsers are pure but for the numbers of interfaces.
 */
#pragma once

#include "base/addr.h"

#define RESOLVERS_MAX 8
#define RESOLVER_DOMAIN_MAX 64
#define RESOLVER_TEXT_MAX 65536         /* bytes of a text that are read */

struct resolver {
	union addr addr;                        /* with port and scope */
	char       domain[RESOLVER_DOMAIN_MAX]; /* asked for names in this domain only; "": for all others */
};

/* Parses resolv.conf(5). Returns the count in out. */
size_t resolvers_parse(const char *text, struct resolver *out, size_t max);

/* Parses the output of "scutil --dns": resolvers for all names first, then those for domains. Resolvers of one
 * interface count only if there is none for all names. */
size_t resolvers_parse_scutil(const char *text, struct resolver *out, size_t max);

/* Reads the system's. */
size_t resolvers_read(struct resolver *out, size_t max);

/* Reads them again into known[0..*n). True: they have changed. An empty list, as from a file that is being written,
 * does not replace the known one. */
bool   resolvers_follow(struct resolver known[RESOLVERS_MAX], uint32_t *n);
