/*
 * dns_learn.h - what an answer teaches, and what is done to it before its client gets it.
 *
 * An address in an answer belongs to the name in the question, and to each alias of it (CNAME, DNAME, HTTPS) that a
 * rule catches by its name. A rule that blocks such an alias blocks the answer: the tracker behind an alias of the
 * visited site is the tracker. Its addresses are learned all the same, for those who have them from elsewhere.
 *
 * From an answer for a name that a rule can catch goes what would lead its client past the rule (dns_edit.h): addresses
 * above DNS_LEARN_ADDRESSES, ECH unless dns.ech is "keep", and HTTPS records that lead to a name of another rule, whose
 * addresses would not belong to this name.
 *
 * Public names of ECH are learned from every answer: an SNI that is one of them does not name the host.
 *
 * Owner:   the caller has everything; the lesson is valid as long as the configuration and the name.
 * Bounds:  DNS_LEARN_ALIASES aliases that a rule catches.
 */
#pragma once

#include "conf/rule.h"
#include "wire/dns_message.h"
#include "worker/record/worker_env.h"

#define DNS_LEARN_ADDRESSES 32
#define DNS_LEARN_ALIASES   16
#define DNS_VOUCH_S         600         /* for which a program may use addresses, whatever their TTL */

struct dns_lesson {
	const struct worker_env *env;
	double         vouched;         /* names_vouch(): until then, for a server that is this host's; 0: not */
	const char    *name;            /* of the question, as dns_name_text() writes it */
	/* What dns_lesson_take() finds: */
	enum action    rank;            /* the strictest action that flows may get by this name, ... */
	enum action    strictest;       /* ... by it or an alias */
	struct verdict blocked;         /* of the first alias that a rule blocks; ACTION_DIRECT: none is */
	size_t         naliases;
	char           aliases[DNS_LEARN_ALIASES][HOST_MAX + 1];
	enum action    alias_ranks[DNS_LEARN_ALIASES];
	bool           full;            /* there are more aliases */
};

/* Reads the names in an answer that has been parsed, has a question and no error, and is not truncated. The caller has
 * filled in env, name and vouched. 0: *msg may be passed on; it may be out now, with other values in answer. EACCES: a
 * rule blocks an alias; else it is malformed, or too large: nobody may get it. */
int dns_lesson_take(struct dns_lesson *, uint8_t **msg, struct dns_answer *, uint8_t out[DNS_MESSAGE_MAX]);

/* Teaches an address in the answer that is left. */
void dns_lesson_address(const struct dns_lesson *, const union addr *);
