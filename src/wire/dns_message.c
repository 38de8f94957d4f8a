#include "config.h"

#include "wire/dns_message.h"

#include "wire/dns_record.h"

#define OUR_UDP_SIZE 1232       /* in the OPT record of our own answers */
#define OPT_LEN      11         /* an OPT record without options */
#define COOKIE_FIRST 0x000a0008 /* RFC 7873: option 10 of 8 bytes, a client cookie without a server cookie */

/* RFC 1035 section 4.1.1, RFC 2535 section 6.1 */
enum { FLAG_QR = 0x8000, FLAG_OPCODE = 0x7800, FLAG_TC = 0x0200, FLAG_RD = 0x0100, FLAG_RA = 0x0080,
	FLAG_CD = 0x0010, FLAG_RCODE = 0x000f };
enum { OPT_DO = 0x8000, TYPE_SIG = 24, TYPE_TSIG = 250 };

static int
question_read(const uint8_t *msg, size_t len, struct dns_question *question)
{
	size_t pos = DNS_HEADER_LEN;

	if (dns_name_read(msg, len, &pos, &question->name) != 0 || len - pos < 4)
		return EBADMSG;
	question->type = get16(msg + pos);
	question->class = get16(msg + pos + 2);
	question->end = pos + 4;
	return 0;
}

/* dns_record_read() that also checks the name: for messages not yet parsed. */
static int
record_check(const uint8_t *msg, size_t len, size_t *pos, struct dns_record *rr)
{
	struct dns_name name;
	size_t at = *pos;

	return dns_name_read(msg, len, &at, &name) != 0 ? EBADMSG : dns_record_read(msg, len, pos, rr);
}

/* TSIG (RFC 8945), and SIG that covers no type: SIG(0) (RFC 2931). */
static bool
record_signs(const uint8_t *msg, const struct dns_record *rr)
{
	return rr->type == TYPE_TSIG || (rr->type == TYPE_SIG && rr->data_len >= 2 && get16(msg + rr->data) == 0);
}

static int
query_opt(const uint8_t *msg, const struct dns_record *rr, struct dns_query *q)
{
	if (q->edns) /* RFC 6891 section 6.1.1: there is one at most */
		return EINVAL;
	q->edns = true;
	q->dnssec_ok = (get32(msg + rr->ttl_at) & OPT_DO) != 0;
	q->options = rr->data_len != 0 || (get32(msg + rr->ttl_at) & ~(uint32_t)OPT_DO) != 0;
	/* an answer does not depend on a client cookie alone */
	q->personal = q->options && (rr->data_len != 12 || get32(msg + rr->data) != COOKIE_FIRST);
	if (rr->class > DNS_UDP_MIN)
		q->udp_size = rr->class < DNS_UDP_MAX ? rr->class : DNS_UDP_MAX;
	return 0;
}

int
dns_query_parse(const uint8_t *msg, size_t len, struct dns_query *q)
{
	struct dns_record rr;
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
	for (size_t i = dns_record_count(msg); i > 0; i--) {
		if (record_check(msg, len, &pos, &rr) != 0 ||
		    (rr.type == DNS_OPT && query_opt(msg, &rr, q) != 0))
			return plain ? EINVAL : EOPNOTSUPP;
		plain = plain && !record_signs(msg, &rr);
	}
	return plain ? 0 : EOPNOTSUPP;
}

/* RFC 2308 section 5: the last four bytes of the SOA data; 0 when the data are too short. */
static uint32_t
soa_minimum(const uint8_t *msg, const struct dns_record *rr)
{
	return rr->data_len < 22 ? 0 : get32(msg + rr->data + rr->data_len - 4);
}

/* Reads the records from a->end on. */
static int
answer_records(const uint8_t *msg, size_t len, uint16_t type, struct dns_answer *a)
{
	const size_t count = dns_record_count(msg);
	uint32_t minimum = 0;
	struct dns_record rr;

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

void
dns_answer_age(uint8_t *msg, size_t len, uint32_t age, uint32_t min, uint32_t max)
{
	size_t pos = dns_records_start(msg, len);
	struct dns_record rr;
	uint32_t ttl;

	for (size_t i = dns_record_count(msg); i > 0; i--) {
		if (dns_record_read(msg, len, &pos, &rr) != 0)
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
		put16(out + end + 4, DNS_CLASS_IN);
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
