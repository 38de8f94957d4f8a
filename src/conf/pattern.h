/*
 * pattern.h - what a rule's pattern means, and whether a host or address matches.
 *
 *   example.com      exactly that name         *.kion.cloud  every name below it, not itself
 *   kion.*           names that begin "kion."  192.168.1.*   addresses (192.168.*, 10.* too)
 *   10.0.0.0/8, 2001:db8::/32, 192.0.2.1       networks and addresses
 *   *                everything                a;b;c         any of them
 *
 * Names compare without case and without the final dot.
 * Owner:  plain values; a pattern's text is borrowed from what it was parsed from.
 */
#ifndef PFI_PATTERN_H
#define PFI_PATTERN_H

#include <stdbool.h>
#include <stddef.h>

#include "base/addr.h"

enum pattern_kind {
	PATTERN_ANY,            /* "*" */
	PATTERN_NAME,           /* "example.com" */
	PATTERN_BELOW,          /* "*.kion.cloud", kept as "kion.cloud" */
	PATTERN_PREFIX,         /* "kion.*", kept as "kion" */
	PATTERN_NETWORK         /* "192.168.1.*", "10.0.0.0/8", "192.0.2.1" */
};

struct pattern {
	enum pattern_kind kind;
	unsigned          len;          /* of text */
	const char       *text;         /* of a name, in lower case; else NULL */
	struct network    network;      /* of PATTERN_NETWORK */
};

/* One pattern, with blanks around it or not; text is changed, and out->text lies in it.
 * 0; EINVAL with a sentence in error (what is wrong; the cure). */
int pattern_parse(char *text, struct pattern *out, char *error, size_t error_size);

/* network_parse(), with a sentence in error where it fails. 0 or EINVAL. */
int pattern_parse_network(const char *text, struct network *out, char *error, size_t error_size);

#endif
