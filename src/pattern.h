/*
 * pattern.h - what a rule's pattern means, and whether a host or address matches.
 *
 *   example.com      exactly that name         *.kion.cloud  every name below it, not itself
 *   kion.*           names that begin "kion."  192.168.1.*   addresses (192.168.*, 10.* too)
 *   10.0.0.0/8, 2001:db8::/32, 192.0.2.1       networks and addresses
 *   *                everything                a;b;c         any of them
 *
 * Names compare without case and without the final dot.
 * Owner:  pattern_list_parse() makes a list, pattern_list_free() frees it.
 */
#ifndef PFI_PATTERN_H
#define PFI_PATTERN_H

#include <stdbool.h>
#include <stddef.h>

#include "addr.h"

struct pattern_list;

/* 0; ENOMEM; EINVAL with a sentence in error (what is wrong; the cure). */
int  pattern_list_parse(const char *text, struct pattern_list **out, char *error, size_t error_size);
void pattern_list_free(struct pattern_list *);

/* host: NULL when unknown; addr: NULL when unknown (a DNS query). An address pattern looks
 * at addr only, a name pattern at host only, "*" matches always. */
bool pattern_list_match(const struct pattern_list *, const char *host, const union addr *addr);

/* True when some pattern of the list is about names (or is "*"). */
bool pattern_list_has_names(const struct pattern_list *);

/* network_parse(), with a sentence in error where it fails. 0 or EINVAL. */
int pattern_parse_network(const char *text, struct network *out, char *error, size_t error_size);

/* True for text that is a host name by RFC 1123 with "_" allowed (1..253 characters, labels of
 * 1..63); a final dot is allowed. */
bool host_is_valid(const char *text);
/* The last label is a number: such names do not exist, it is an address gone wrong. */
bool host_ends_in_number(const char *text);

#endif
