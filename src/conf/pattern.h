/*
 * pattern.h - the patterns of rules: from text to values.
 *
 *   example.com      exactly that name         *.kion.cloud  every name below it, not itself
 *   .kion.cloud      both: itself and below    kion.*        names that begin "kion."
 *   10.0.0.0/8, 2001:db8::/32, 192.0.2.1       networks and addresses
 *   192.168.1.*      addresses (192.168.*, 10.* too)
 *   *                everything                a;b;c         any of them
 *
 * Names compare without case and without the final dot. Letters beyond ASCII are encoded first (idn.h).
 *
 * Pure.
 * Owner:   plain values; the text of a pattern is borrowed from the parsed text or the arena.
 * Errors:  0; EINVAL with a sentence in error: "fault; cure".
 */
#pragma once

#include "base/addr.h"
#include "base/arena.h"

enum pattern_kind {
	PATTERN_ANY,            /* "*" */
	PATTERN_NAME,           /* "example.com" */
	PATTERN_BELOW,          /* "*.kion.cloud", kept as "kion.cloud" */
	PATTERN_TREE,           /* ".kion.cloud", kept as "kion.cloud" */
	PATTERN_PREFIX,         /* "kion.*", kept as "kion" */
	PATTERN_NETWORK         /* "192.168.1.*", "10.0.0.0/8", "192.0.2.1" */
};

struct pattern {
	enum pattern_kind kind;
	unsigned          len;          /* of text */
	const char       *text;         /* of a name, in lower case; else NULL */
	struct network    network;      /* of PATTERN_NETWORK */
};

/* Parses one pattern with any blanks around it. Changes text; out->text points into it, or into the arena. */
int pattern_parse(struct arena *, char *text, struct pattern *out, char *error, size_t error_size);

/* network_parse() with a sentence in error. */
int pattern_parse_network(const char *text, struct network *out, char *error, size_t error_size);
