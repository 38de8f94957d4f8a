#include "config.h"

#include "wire/dns_message.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#define LABEL_MAX    63
#define POINTERS_MAX 127        /* no name has more labels than this */
#define OUR_UDP_SIZE 1232       /* in the OPT record of our own answers */
#define OPT_LEN      11         /* an OPT record without options */
#define COOKIE_FIRST 0x000a0008 /* RFC 7873: option 10 of 8 bytes, a client cookie without a server cookie */

/* RFC 1035 section 4.1.1, RFC 2535 section 6.1 */
enum { FLAG_QR = 0x8000, FLAG_OPCODE = 0x7800, FLAG_TC = 0x0200, FLAG_RD = 0x0100, FLAG_RA = 0x0080,
	FLAG_CD = 0x0010, FLAG_RCODE = 0x000f };
enum { CLASS_IN = 1, OPT_DO = 0x8000, TYPE_SIG = 24, TYPE_TSIG = 250 };

/* Offsets of the counts in the header. */
enum { QDCOUNT = 4, ANCOUNT = 6, NSCOUNT = 8, ARCOUNT = 10 };

struct record {
	uint16_t type, class;
	size_t   start, ttl_at, data;   /* offsets */
	size_t   data_len;
	uint32_t ttl;
};

static uint16_t
get16(const uint8_t *p)
{
	return (uint16_t)(p[0] << 8 | p[1]);
}

static uint32_t
get32(const uint8_t *p)
{
	return (uint32_t)get16(p) << 16 | get16(p + 2);
}

static void
put16(uint8_t *p, unsigned v)
{
	p[0] = (uint8_t)(v >> 8);
	p[1] = (uint8_t)v;
}

static void
put32(uint8_t *p, uint32_t v)
{
	put16(p, v >> 16);
	put16(p + 2, v & 0xffff);
}

/* Letters only: RFC 4343. */
static uint8_t
lower(uint8_t c)
{
	return c >= 'A' && c <= 'Z' ? (uint8_t)(c + ('a' - 'A')) : c;
}

/* Reads the name at *pos and moves *pos behind it. A pointer must lead to "a prior occurrence": before all parts of
 * this name that are already read. That rules out loops. */
static int
name_read(const uint8_t *msg, size_t len, size_t *pos, struct dns_name *name)
{
	size_t at = *pos, limit = *pos, end = 0, n;
	unsigned pointers = 0;

	name->len = 0;
	do {
		for (; at < len && (msg[at] & 0xc0) == 0xc0; limit = at) {
			if (len - at < 2 || ++pointers > POINTERS_MAX)
				return EBADMSG;
			if (end == 0)
				end = at + 2;
			at = get16(msg + at) & 0x3fff;
			if (at < DNS_HEADER_LEN || at >= limit)
				return EBADMSG;
		}
		if (at >= len)
			return EBADMSG;
		n = msg[at] + 1u; /* a label with its length byte */
		if (n > LABEL_MAX + 1 || n > len - at || n > DNS_WIRE_MAX - name->len)
			return EBADMSG;
		for (size_t i = 0; i < n; i++)
			name->wire[name->len++] = lower(msg[at + i]);
		at += n;
	} while (n > 1);
	*pos = end != 0 ? end : at;
	return 0;
}

static int
question_read(const uint8_t *msg, size_t len, struct dns_question *question)
{
	size_t pos = DNS_HEADER_LEN;

	if (name_read(msg, len, &pos, &question->name) != 0 || len - pos < 4)
		return EBADMSG;
	question->type = get16(msg + pos);
	question->class = get16(msg + pos + 2);
	question->end = pos + 4;
	return 0;
}

/* Moves *pos behind the name there, without following pointers. */
static int
name_skip(const uint8_t *msg, size_t len, size_t *pos)
{
	size_t at = *pos;

	while (at < len && msg[at] != 0 && msg[at] < 0xc0)
		at += msg[at] + 1u;
	if (at >= len || len - at < (msg[at] == 0 ? 1 : 2))
		return EBADMSG;
	*pos = at + (msg[at] == 0 ? 1 : 2);
	return 0;
}

/*
 *  name | type 2 | class 2 | ttl 4 | rdlength 2 | rdata      (RFC 1035 section 4.1.3)
 */
static int
record_read(const uint8_t *msg, size_t len, size_t *pos, struct record *rr)
{
	rr->start = *pos;
	if (name_skip(msg, len, pos) != 0 || len - *pos < 10)
		return EBADMSG;
	rr->type = get16(msg + *pos);
	rr->class = get16(msg + *pos + 2);
	rr->ttl_at = *pos + 4;
	rr->ttl = get32(msg + rr->ttl_at);
	rr->data_len = get16(msg + *pos + 8);
	rr->data = *pos + 10;
	if (rr->data_len > len - rr->data)
		return EBADMSG;
	*pos = rr->data + rr->data_len;
	if (rr->ttl > INT32_MAX) /* RFC 2181 section 8 */
		rr->ttl = 0;
	return rr->type == DNS_OPT && msg[rr->start] != 0 ? EBADMSG : 0; /* RFC 6891 section 6.1.2 */
}

/* record_read() that also checks the name: for messages not yet parsed. */
static int
record_check(const uint8_t *msg, size_t len, size_t *pos, struct record *rr)
{
	struct dns_name name;
	size_t at = *pos;

	return name_read(msg, len, &at, &name) != 0 ? EBADMSG : record_read(msg, len, pos, rr);
}

static size_t
record_count(const uint8_t *msg)
{
	return (size_t)get16(msg + ANCOUNT) + get16(msg + NSCOUNT) + get16(msg + ARCOUNT);
}

/* TSIG (RFC 8945), and SIG that covers no type: SIG(0) (RFC 2931). */
static bool
record_signs(const uint8_t *msg, const struct record *rr)
{
	return rr->type == TYPE_TSIG || (rr->type == TYPE_SIG && rr->data_len >= 2 && get16(msg + rr->data) == 0);
}

static int
query_opt(const uint8_t *msg, const struct record *rr, struct dns_query *q)
{
	if (q->edns) /* RFC 6891 section 6.1.1: there is one at most */
		return EINVAL;
	q->edns = true;
	q->dnssec_ok = (get32(msg + rr->ttl_at) & OPT_DO) != 0;
	q->options = rr->data_len != 0;
	/* an answer does not depend on a client cookie alone */
	q->personal = q->options && (rr->data_len != 12 || get32(msg + rr->data) != COOKIE_FIRST);
	if (rr->class > DNS_UDP_MIN)
		q->udp_size = rr->class < DNS_UDP_MAX ? rr->class : DNS_UDP_MAX;
	return 0;
}

int
dns_query_parse(const uint8_t *msg, size_t len, struct dns_query *q)
{
	struct record rr;
	size_t pos;
	bool plain;

	memset(q, 0, sizeof(*q));
	q->udp_size = DNS_UDP_MIN;
	if (len < DNS_HEADER_LEN)
		return EBADMSG;
	q->id = get16(msg);
	q->flags = get16(msg + 2);
	if (q->flags & FLAG_QR)
		return EBADMSG;
	plain = (q->flags & FLAG_OPCODE) == 0;
	if (get16(msg + QDCOUNT) != 1 || question_read(msg, len, &q->question) != 0)
		return plain ? EINVAL : EOPNOTSUPP;
	plain = plain && q->question.type != DNS_AXFR && q->question.type != DNS_IXFR;
	pos = q->question.end;
	for (size_t i = record_count(msg); i > 0; i--) {
		if (record_check(msg, len, &pos, &rr) != 0 ||
		    (rr.type == DNS_OPT && query_opt(msg, &rr, q) != 0))
			return plain ? EINVAL : EOPNOTSUPP;
		plain = plain && !record_signs(msg, &rr);
	}
	return plain ? 0 : EOPNOTSUPP;
}

/* RFC 2308 section 5: the last four bytes of the SOA data; 0 when the data are too short. */
static uint32_t
soa_minimum(const uint8_t *msg, const struct record *rr)
{
	return rr->data_len < 22 ? 0 : get32(msg + rr->data + rr->data_len - 4);
}

/* Reads the records from a->end on. */
static int
answer_records(const uint8_t *msg, size_t len, uint16_t type, struct dns_answer *a)
{
	const size_t count = record_count(msg);
	uint32_t minimum = 0;
	struct record rr;

	a->answers = get16(msg + ANCOUNT);
	a->ttl = UINT32_MAX;
	a->negative = true;
	for (size_t i = 0; i < count; i++) {
		if (record_check(msg, len, &a->end, &rr) != 0 || (rr.type == DNS_OPT && a->opt != 0))
			return EBADMSG;
		if (i < a->answers && (rr.type == type || type == DNS_ANY))
			a->negative = a->rcode == DNS_NXDOMAIN;
		if (i >= a->answers && rr.type == DNS_SOA)
			minimum = soa_minimum(msg, &rr);
		if (rr.type == DNS_OPT) {
			a->opt = rr.start;
			a->rcode |= (uint16_t)(get32(msg + rr.ttl_at) >> 24 << 4);
		} else if (rr.ttl < a->ttl) {
			a->ttl = rr.ttl;
		}
	}
	if (a->negative && minimum > DNS_NEGATIVE_TTL_MAX)
		minimum = DNS_NEGATIVE_TTL_MAX;
	if (a->negative && a->ttl > minimum)
		a->ttl = minimum;
	return 0;
}

int
dns_answer_parse(const uint8_t *msg, size_t len, uint16_t id, const struct dns_question *question,
    struct dns_answer *a)
{
	struct dns_question own;
	uint16_t flags;

	memset(a, 0, sizeof(*a));
	if (len < DNS_HEADER_LEN || get16(msg) != id)
		return EBADMSG;
	flags = get16(msg + 2);
	if ((flags & (FLAG_QR | FLAG_OPCODE)) != FLAG_QR)
		return EBADMSG;
	a->rcode = flags & FLAG_RCODE;
	a->truncated = (flags & FLAG_TC) != 0;
	a->end = len;
	if (get16(msg + QDCOUNT) == 0)
		return a->rcode != DNS_NOERROR && a->rcode != DNS_NXDOMAIN && get16(msg + ANCOUNT) == 0 ? 0 : EBADMSG;
	a->has_question = true;
	if (get16(msg + QDCOUNT) != 1 || question_read(msg, len, &own) != 0 || own.type != question->type ||
	    own.class != question->class || own.name.len != question->name.len ||
	    memcmp(own.name.wire, question->name.wire, own.name.len) != 0)
		return EBADMSG;
	if (a->truncated)
		return 0;
	a->end = own.end;
	return answer_records(msg, len, own.type, a);
}

/* The offset behind the question of a parsed answer. */
static size_t
records_start(const uint8_t *msg, size_t len)
{
	size_t pos = DNS_HEADER_LEN;

	return get16(msg + QDCOUNT) == 1 && name_skip(msg, len, &pos) == 0 && len - pos >= 4 ? pos + 4 : len;
}

void
dns_answer_addresses(const uint8_t *msg, size_t len, dns_address_cb *cb, void *arg)
{
	size_t pos = records_start(msg, len);
	struct record rr;
	union addr addr;

	for (size_t i = get16(msg + ANCOUNT); i > 0; i--) {
		if (record_read(msg, len, &pos, &rr) != 0)
			return;
		if (rr.class != CLASS_IN)
			continue;
		if (rr.type == DNS_A && rr.data_len == 4)
			addr_from_bytes(&addr, AF_INET, msg + rr.data, 0);
		else if (rr.type == DNS_AAAA && rr.data_len == 16)
			addr_from_bytes(&addr, AF_INET6, msg + rr.data, 0);
		else
			continue;
		cb(arg, &addr, rr.ttl);
	}
}

void
dns_answer_age(uint8_t *msg, size_t len, uint32_t age, uint32_t min, uint32_t max)
{
	size_t pos = records_start(msg, len);
	struct record rr;
	uint32_t ttl;

	for (size_t i = record_count(msg); i > 0; i--) {
		if (record_read(msg, len, &pos, &rr) != 0)
			return;
		ttl = rr.ttl > age ? rr.ttl - age : 0;
		if (rr.type != DNS_OPT)
			put32(msg + rr.ttl_at, ttl < min ? min : ttl > max ? max : ttl);
	}
}

void
dns_answer_echo(uint8_t *msg, const uint8_t *query_msg, const struct dns_query *q)
{
	dns_set_id(msg, q->id);
	memcpy(msg + DNS_HEADER_LEN, query_msg + DNS_HEADER_LEN, q->question.end - DNS_HEADER_LEN);
}

/* Writes an OPT record without options at msg[at]; returns the offset behind it.
 *   root 1 | type 2 | UDP size 2 | extended rcode and flags 4 | rdlength 2    (RFC 6891 section 6.1.2) */
static size_t
opt_put(uint8_t *msg, size_t at, uint16_t udp_size, uint32_t flags)
{
	msg[at] = 0;
	put16(msg + at + 1, DNS_OPT);
	put16(msg + at + 3, udp_size);
	put32(msg + at + 5, flags);
	put16(msg + at + 9, 0);
	return at + OPT_LEN;
}

size_t
dns_answer_truncate(uint8_t *msg, const struct dns_answer *a, const struct dns_query *q)
{
	size_t end = q->question.end;
	bool opt = q->edns && a->opt != 0;

	put16(msg + 2, get16(msg + 2) | FLAG_TC);
	put16(msg + ANCOUNT, 0);
	put16(msg + NSCOUNT, 0);
	put16(msg + ARCOUNT, opt);
	return opt ? opt_put(msg, end, get16(msg + a->opt + 3), get32(msg + a->opt + 5)) : end;
}

size_t
dns_answer_strip_options(uint8_t *msg, const struct dns_answer *a)
{
	if (a->opt == 0)
		return a->end;
	if (a->opt + OPT_LEN + get16(msg + a->opt + 9) != a->end)
		return 0;
	put16(msg + a->opt + 9, 0);
	return a->opt + OPT_LEN;
}

size_t
dns_reply(uint8_t out[DNS_REPLY_MAX], const uint8_t *query_msg, const struct dns_query *q, enum dns_rcode rcode,
    const uint8_t *data, size_t len, uint32_t ttl)
{
	const bool question = q->question.end != 0 && (q->flags & FLAG_OPCODE) == 0;
	size_t end = question ? q->question.end : DNS_HEADER_LEN;

	memset(out, 0, DNS_HEADER_LEN);
	memcpy(out + DNS_HEADER_LEN, query_msg + DNS_HEADER_LEN, end - DNS_HEADER_LEN);
	put16(out, q->id);
	put16(out + 2, FLAG_QR | FLAG_RA | (q->flags & (FLAG_OPCODE | FLAG_RD | FLAG_CD)) | rcode);
	put16(out + QDCOUNT, question);
	put16(out + ANCOUNT, data != NULL);
	put16(out + ARCOUNT, q->edns);
	if (data != NULL) {
		put16(out + end, 0xc000 | DNS_HEADER_LEN); /* the name of the question */
		put16(out + end + 2, q->question.type);
		put16(out + end + 4, CLASS_IN);
		put32(out + end + 6, ttl);
		put16(out + end + 10, (unsigned)len);
		memcpy(out + end + 12, data, len);
		end += 12 + len;
	}
	if (q->edns)
		end = opt_put(out, end, OUR_UDP_SIZE, q->dnssec_ok ? OPT_DO : 0);
	return end;
}

void
dns_set_id(uint8_t *msg, uint16_t id)
{
	put16(msg, id);
}

void
dns_name_text(const struct dns_name *name, char out[DNS_TEXT_MAX])
{
	char *to = out;

	for (size_t at = 0; at < name->len && name->wire[at] != 0; at += name->wire[at] + 1u) {
		if (at > 0)
			*to++ = '.';
		for (size_t i = 1; i <= name->wire[at]; i++) {
			uint8_t c = name->wire[at + i];

			if ((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '_')
				*to++ = (char)c;
			else
				to += snprintf(to, 5, "\\%03u", c);
		}
	}
	if (to == out)
		*to++ = '.';
	*to = '\0';
}
