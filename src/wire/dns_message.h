/*
 * dns_message.h - DNS messages as bytes: reads and checks queries and answers, makes error answers,
 *                 cuts answers to a client's size, ages their TTLs.
 *
 * Pure: bytes in, values out; no socket, clock or memory. Everything is checked against len.
 * Units:   TTLs in seconds; offsets and sizes in bytes from the start of the message.
 * Bounds:  names of 255 bytes, labels of 63, compression pointers only backwards.
 * Sources: RFC 1035 (format), RFC 6891 (EDNS), RFC 7873 (cookies), RFC 4343 (case), RFC 2181 (TTL), RFC 2308
 *          (negative answers).
 */
#ifndef PFI_DNS_MESSAGE_H
#define PFI_DNS_MESSAGE_H

#include "base/addr.h"

#define DNS_MESSAGE_MAX 65535   /* RFC 1035 section 4.2.2: a length of two bytes */
#define DNS_HEADER_LEN  12
#define DNS_UDP_MIN     512     /* what every UDP client takes (RFC 1035 section 2.3.4) */
#define DNS_UDP_MAX     4096    /* what we send over UDP at most, whatever the client says (RFC 6891 section 6.2.5) */
#define DNS_WIRE_MAX    255     /* a name, with its length bytes and the root */
#define DNS_TEXT_MAX    1008    /* a name as text, each byte as \DDD, and the final NUL */
#define DNS_REPLY_MAX   (DNS_HEADER_LEN + 2 * DNS_WIRE_MAX + 4 + 12 + 11)        /* the largest made by dns_reply() */
#define DNS_NEGATIVE_TTL_MAX 3600       /* RFC 2308 section 5 */

enum dns_rcode { DNS_NOERROR = 0, DNS_FORMERR = 1, DNS_SERVFAIL = 2, DNS_NXDOMAIN = 3, DNS_NOTIMP = 4, DNS_REFUSED = 5 };
enum dns_type { DNS_A = 1, DNS_SOA = 6, DNS_AAAA = 28, DNS_OPT = 41, DNS_IXFR = 251, DNS_AXFR = 252, DNS_ANY = 255 };

/* Uncompressed and in lower case. */
struct dns_name {
	size_t  len;
	uint8_t wire[DNS_WIRE_MAX];
};

struct dns_question {
	struct dns_name name;
	uint16_t type, class;
	size_t   end;           /* offset of what follows it; 0: there is none */
};

struct dns_query {
	uint16_t id, flags;     /* the first four bytes of the header */
	struct dns_question question;
	bool     edns;          /* an OPT record is there; then: */
	bool     dnssec_ok;
	bool     options;       /* ... with options: what answers it, as it comes, is for this asker alone */
	bool     personal;      /* ... on which even its records may depend: do not cache */
	uint16_t udp_size;      /* largest answer over UDP: DNS_UDP_MIN .. DNS_UDP_MAX, also without EDNS */
};

struct dns_answer {
	uint16_t rcode;         /* with the upper bits of the OPT record */
	bool     truncated;     /* TC; then only the header and the question were checked */
	bool     has_question;  /* false: an error that repeats no question */
	bool     negative;      /* NXDOMAIN, or no record of the type asked for */
	uint16_t answers;       /* records in the answer section */
	uint32_t ttl;           /* how long it may be kept: the smallest of all records but OPT; when negative the SOA
	                         * record's minimum and DNS_NEGATIVE_TTL_MAX at most, without SOA 0 */
	size_t   opt;           /* offset of the OPT record; 0: none */
	size_t   end;           /* of the last record */
};

/* Reads a query, as far as it goes, so that dns_reply() can use it. 0; EBADMSG: no header, or no query at all: drop
 * it without an answer; EINVAL: answer DNS_FORMERR; EOPNOTSUPP: answer DNS_NOTIMP (another opcode, a zone transfer). */
int dns_query_parse(const uint8_t *msg, size_t len, struct dns_query *query);

/* Is msg the answer to this question under this id? 0, or EBADMSG: no, or it is malformed.
 * A server that understood nothing may leave the question out of an error (RFC 6891 section 7). */
int dns_answer_parse(const uint8_t *msg, size_t len, uint16_t id, const struct dns_question *, struct dns_answer *);

/* Calls back for each A and AAAA record (class IN) in the answer section of a parsed answer. */
typedef void dns_address_cb(void *arg, const union addr *addr, uint32_t ttl);
void dns_answer_addresses(const uint8_t *msg, size_t len, dns_address_cb *, void *arg);

/* Subtracts age from the TTL of every record but OPT, and brings it into min .. max. The answer was parsed before. */
void dns_answer_age(uint8_t *msg, size_t len, uint32_t age, uint32_t min, uint32_t max);

/* Gives the answer the id and the question of this query, byte for byte: the client finds the upper and lower case
 * that it sent. Both have been parsed and ask the same. */
void dns_answer_echo(uint8_t *msg, const uint8_t *query_msg, const struct dns_query *query);

/* Cuts the answer to header, question and, for a client with EDNS, an OPT without options; sets TC. The new length. */
size_t dns_answer_truncate(uint8_t *msg, const struct dns_answer *answer, const struct dns_query *query);

/* Removes the options of a final OPT record, for keeping the answer for others. The new length; 0: the OPT record is
 * not the last one. */
size_t dns_answer_strip_options(uint8_t *msg, const struct dns_answer *answer);

/* Makes an answer of our own to a query whose header, at least, dns_query_parse() has read: without records, or with
 * data (may be NULL) of at most DNS_WIRE_MAX bytes as its record of the type asked for (not OPT). Its length. */
size_t dns_reply(uint8_t out[DNS_REPLY_MAX], const uint8_t *query_msg, const struct dns_query *, enum dns_rcode,
    const uint8_t *data, size_t len, uint32_t ttl);

void dns_set_id(uint8_t *msg, uint16_t id);

/* The name as text: lower case, no final dot, "." for the root; bytes other than letters, digits
 * and common marks as \DDD, so that a dot inside a label is never taken for a label's end. */
void dns_name_text(const struct dns_name *, char out[DNS_TEXT_MAX]);

#endif
