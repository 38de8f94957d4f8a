/*
 * names.h - host names learned from DNS answers, by address.
 *
 * An address may have many names (a CDN), and who looked them up does not matter: anybody could. So a name here only
 * tells which rule a flow to the address may belong to (flow_judge.h).
 *
 * Nothing is forgotten by time, because programs keep addresses longer than their TTL. The rank of a name is the
 * strictest action that its flows may get; when there is no room, a name of the lowest rank goes first, so that nobody
 * can push out a name that a rule catches by looking up others.
 *
 * Owner:   the worker makes one with names_new() and frees it with names_free(). All results are borrowed until the
 *          next call that is not const.
 * Errors:  int functions give 0 or ENOMEM.
 * Bounds:  the number of address-name pairs given to names_new(); NAMES_PER_ADDRESS; NAMES_OUTER.
 */
#pragma once

#include "base/addr.h"
#include "base/flow.h"

#define NAMES_PER_ADDRESS 256
#define NAMES_OUTER       4096

struct names;
struct name;            /* a pair of an address and a name */

struct names *names_new(size_t max_entries);
void names_free(struct names *);
void names_set_max(struct names *, size_t max_entries);
size_t names_count(const struct names *);

/* text: lower case, without a final dot. The port of addr is ignored. */
int names_learn(struct names *, const union addr *addr, const char *text, enum action);
/* A resolver of this host, not one that a client chose, has given the pair; until: in seconds on the loop's clock. A
 * pair that is not known is ignored. */
void names_vouch(struct names *, const union addr *, const char *text, double until);
/* Gives every name a new rank, after a change of the rules. */
void names_rank(struct names *, enum action (*rank)(const void *arg, const char *text), const void *arg);

/* The names of an address, most recently learned first; NULL: none is left. */
const struct name *names_of_addr(const struct names *, const union addr *);
const struct name *name_next_of_addr(const struct name *);
/* The addresses of a name. */
const struct name *names_of_host(const struct names *, const char *text);
const struct name *name_next_of_host(const struct name *);

const char    *name_text(const struct name *);
enum action    name_rank(const struct name *);
/* The end of the time for which the pair is vouched; 0: never was. */
double         name_vouched(const struct name *);
/* Without a port. */
void           name_addr(const struct name *, union addr *);

/* Calls each() for every pair. */
void names_each(const struct names *, void (*each)(void *arg, const struct name *), void *arg);

/* Public names of ECH configurations (tls_hello.h). rank: of the host that has the configuration. */
int  names_learn_outer(struct names *, const char *text, enum action);
bool names_is_outer(const struct names *, const char *text);
