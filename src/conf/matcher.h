/*
 * matcher.h - the patterns of all rules, compiled: finds the first rule for a name or address.
 *
 * The patterns are the keys of a hash table. A lookup tries the keys that cover its name or address: of a name label by
 * label from the right (*.below) and from the left (prefix.*), of an address the prefix lengths in use. So the cost
 * depends on the length of the name, not on the number of patterns.
 *
 * Owner:   memory belongs to the arena; rules and their patterns are borrowed and must not move.
 * Threads: lookups are safe in every thread.
 */
#pragma once

#include "conf/conf.h"

struct matcher;

/* Compiles the patterns of the enabled rules. NULL: out of memory. */
struct matcher *matcher_new(struct arena *, const struct conf_rule *rules, size_t nrules);

/* True when the rule counts for this lookup. */
typedef bool matcher_want(const void *arg, const struct conf_rule *);

/* The first rule before end that is wanted and has a pattern which covers all of key: a host is a PATTERN_NAME, an
 * address a PATTERN_NETWORK of full length, an unknown destination PATTERN_ANY. end: no rule. */
const struct conf_rule *matcher_first(const struct matcher *, const struct pattern *key, const struct conf_rule *end,
    matcher_want *want, const void *arg);
