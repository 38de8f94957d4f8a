/*
 * matcher.h - the patterns of all rules, compiled: which rule comes first for a name or address.
 *
 * A table of keys by hash. A question walks from its own key to the wider ones: a name label by label from
 * the right (*.below) and from the left (prefix.*), an address by the prefix lengths that are in use. So the
 * cost depends on the question, not on the number of patterns.
 *
 * Owner:   memory is the arena's; rules and their patterns are borrowed and stay where they are.
 */
#ifndef PFI_MATCHER_H
#define PFI_MATCHER_H

#include "conf/conf.h"

struct matcher;

/* Compiles the patterns of the enabled rules. NULL: no memory is left. */
struct matcher *matcher_new(struct arena *, const struct conf_rule *rules, size_t nrules);

/* Does the rule count for the question? */
typedef bool matcher_want(const void *arg, const struct conf_rule *);

/* The first rule before end that is wanted and that has a pattern which covers all of what: a host is a
 * PATTERN_NAME, an address a PATTERN_NETWORK of full length; where neither is known, PATTERN_ANY. end when there
 * is none. */
const struct conf_rule *matcher_first(const struct matcher *, const struct pattern *what,
    const struct conf_rule *end, matcher_want *, const void *arg);

#endif
