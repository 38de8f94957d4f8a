/*
 * dns_message.h - DNS messages as bytes: parses queries and answers, makes answers of our own, truncates answers and
 *                 ages their TTLs. See dns_content.h and dns_edit.h for the records in answers.
 *
 * Pure: bytes in, values out; no socket, clock or memory. Everything is checked against len.
 * Units:   TTLs in seconds; offsets and sizes in bytes from the start of the message.
 * Bounds:  names of 255 bytes, labels of 63, compression pointers only backwards.
 * Sources: RFC 1035 (format), RFC 6891 (EDNS), RFC 7873 (cookies), RFC 4343 (case), RFC 2181 (TTL), RFC 2308
 *          (negative answers).
 */
#pragma once

#include "base/addr.h"
#include "wire/dns_types.h"

#define DNS_UDP_MIN     512     /* every UDP client accepts this much (RFC 1035 section 2.3.4) */
#define DNS_UDP_MAX     4096    /* upper bound of our UDP answers (RFC 6891 section 6.2.5) */
#define DNS_TEXT_MAX    1008    /* a name as text, each byte as \DDD, and the final NUL */
#define DNS_REPLY_MAX   (DNS_HEADER_LEN + 2 * DNS_WIRE_MAX + 4 + 12 + 11)        /* the largest made by dns_reply() */
#define DNS_NEGATIVE_TTL_MAX 3600       /* RFC 2308 section 5 */

enum dns_rcode { DNS_NOERROR, DNS_FORMERR, DNS_SERVFAIL, DNS_NXDOMAIN, DNS_NOTIMP, DNS_REFUSED };

struct dns_question {
	struct dns_name name;
	uint16_t type, class;
	size_t   end;           /* offset behind it; 0: there is no readable question */
};

struct dns_query {
	uint16_t id, flags;     /* the first four bytes of the header */
	struct dns_question question;
	bool     edns;          /* it has an OPT record: */
	bool     dnssec_ok;     /* - with the DO bit */
	bool     options;       /* - with options, another version or other flags: the answer's OPT record is for this
	                         *   client only */
	bool     personal;      /* - with options that the answer's records may depend on: do not cache */
	uint16_t udp_size;      /* largest answer over UDP: DNS_UDP_MIN .. DNS_UDP_MAX, also without EDNS */
};

struct dns_answer {
	uint16_t rcode;         /* with the upper bits of the OPT record */
	bool     truncated;     /* TC; then only the header and the question were checked */
	bool     has_question;  /* false: an error that repeats no question */
	bool     negative;      /* NXDOMAIN, or no record of the type asked for */
	uint16_t answers;       /* records in the answer section */
	uint32_t ttl;           /* for the cache: the smallest of all records except OPT. Negative answers: at most the
	                         * minimum of the SOA record and DNS_NEGATIVE_TTL_MAX; 0 without SOA */
	size_t   opt;           /* offset of the OPT record; 0: none */
	size_t   end;           /* of the last record */
};

/* Parses a query, after an error as far as dns_reply() needs it. 0; EBADMSG: no header, or not a query: drop it
 * without an answer; EINVAL: answer DNS_FORMERR; EOPNOTSUPP: no plain query, answer DNS_NOTIMP (another opcode, a zone
 * transfer, a signature by TSIG or SIG(0)). */
int dns_query_parse(const uint8_t *msg, size_t len, struct dns_query *query);

/* Parses the answer to this question and id. 0; EBADMSG: it answers another query, or is malformed.
 * An error may come without the question, from a server that did not understand the query (RFC 6891 section 7). */
int dns_answer_parse(const uint8_t *msg, size_t len, uint16_t id, const struct dns_question *, struct dns_answer *);

/* Subtracts age from the TTL of every record except OPT and clamps it to min..max. The answer has been parsed. */
void dns_answer_age(uint8_t *msg, size_t len, uint32_t age, uint32_t min, uint32_t max);

/* Copies id and question of the query into the answer, byte for byte: clients check the upper and lower case of the
 * name. Both have been parsed and have the same question. */
void dns_answer_echo(uint8_t *msg, const uint8_t *query_msg, const struct dns_query *query);

/* Truncates the answer to header, question and, for a client with EDNS, an OPT record without options; sets TC. Returns
 * the new length. */
size_t dns_answer_truncate(uint8_t *msg, const struct dns_answer *answer, const struct dns_query *query);

/* Removes the options of the OPT record, because a cached answer goes to other clients. Returns the new length; 0:
 * the OPT record is not the last one. */
size_t dns_answer_strip_options(uint8_t *msg, const struct dns_answer *answer);

/* Makes an answer of our own to a query whose header, at least, dns_query_parse() has read. data: of a record of
 * the type asked for (not OPT), at most DNS_WIRE_MAX bytes; NULL: no record. Returns the length. */
size_t dns_reply(uint8_t out[DNS_REPLY_MAX], const uint8_t *query_msg, const struct dns_query *, enum dns_rcode,
    const uint8_t *data, size_t len, uint32_t ttl);

void dns_set_id(uint8_t *msg, uint16_t id);

/* Writes the name as text: lower case, no final dot, "." for the root; bytes other than letters, digits, "-" and "_" as
 * \DDD, so that a dot inside a label differs from the end of a label. */
void dns_name_text(const struct dns_name *, char out[DNS_TEXT_MAX]);
