/*
 * dns_edit.h - leaves out of an answer what would lead its client past the rules.
 *
 * The records are written anew, because names in them may point to what goes. Signatures (RRSIG) over records that
 * changed go too, and so does the AD bit: a client that validates by itself gets such records as unsigned, and may
 * refuse them, but never a wrong signature.
 *
 * Pure.
 * Sources: RFC 1035 sections 3.3 and 4.1.4, RFC 3597 section 4 (names in data that may be compressed), RFC 9460.
 */
#pragma once

#include "wire/dns_message.h"

struct dns_edit {
	size_t addresses;               /* this many stay, of A and AAAA records and hints together, the first ones */
	bool   strip_ech;               /* the parameter "ech" of HTTPS and SVCB records goes */
	/* Does an HTTPS or SVCB record that leads to another name than its own stay? NULL: yes. */
	bool (*keep_target)(const void *arg, const struct dns_name *target);
	const void *arg;
};

/* Edits a parsed answer that has a question and is not truncated. 0: out holds the answer that is left, answer its
 * values; ENOENT: nothing is to go, out is undefined; EMSGSIZE: it does not fit into out; EBADMSG: a name in the data
 * is malformed. */
int dns_answer_edit(const uint8_t *msg, size_t len, const struct dns_edit *, uint8_t out[DNS_MESSAGE_MAX],
    struct dns_answer *answer);
