#include "config.h"

#include "wire/dns_query.h"

#define OUR_UDP_SIZE 1232       /* fits into every path without fragments: DNS Flag Day 2020 */

enum { FLAGS_KEPT = 0x0130 };   /* RD, AD, CD */
enum { OP_QUERY, OP_IQUERY, OP_STATUS, OP_NOTIFY = 4, OP_UPDATE, OP_DSO };

static bool
is_letter(uint8_t c)
{
	c |= 'a' - 'A';
	return c >= 'a' && c <= 'z';
}

size_t
dns_query_write(uint8_t out[DNS_QUERY_MAX], const uint8_t *msg, const struct dns_query *q)
{
	const unsigned flags = q->flags & FLAGS_KEPT;
	/* root 1 | type 2 | UDP size 2 | extended rcode and flags 4 | rdlength 2    (RFC 6891 section 6.1.2) */
	const uint8_t opt[11] = { [2] = DNS_OPT, [3] = OUR_UDP_SIZE >> 8, [4] = OUR_UDP_SIZE & 0xff,
		[7] = q->dnssec_ok ? 0x80 : 0 };
	size_t end = q->question.end;

	memset(out, 0, DNS_HEADER_LEN);
	out[2] = (uint8_t)(flags >> 8);
	out[3] = (uint8_t)flags;
	out[5] = 1;
	out[11] = q->edns;
	memcpy(out + DNS_HEADER_LEN, q->question.name.wire, q->question.name.len);
	memcpy(out + end - 4, msg + end - 4, 4);
	if (!q->edns)
		return end;
	memcpy(out + end, opt, sizeof(opt));
	return end + sizeof(opt);
}

void
dns_query_mix(uint8_t *msg, const struct dns_question *question, const uint8_t random[DNS_CASE_BYTES])
{
	uint8_t *name = msg + DNS_HEADER_LEN;
	size_t n;

	for (size_t at = 0; at < question->name.len; at += n + 1) {
		n = name[at];
		for (size_t i = at + 1; i <= at + n; i++)
			if (is_letter(name[i]))
				name[i] = (uint8_t)((name[i] & ~0x20) | (random[i / 8] >> (i % 8) & 1) << 5);
	}
}

bool
dns_query_spelled(const uint8_t *a, const uint8_t *b, const struct dns_question *question)
{
	return memcmp(a + DNS_HEADER_LEN, b + DNS_HEADER_LEN, question->name.len) == 0;
}

bool
dns_query_is_answered(const uint8_t *query, const uint8_t *msg)
{
	return (msg[2] & 0xf8) == (0x80 | (query[2] & 0x78));
}

/*
 *  id 2 | QR 1 bit, opcode 4, AA, TC, RD | RA, Z, AD, CD, rcode 4 | QDCOUNT 2 | ANCOUNT 2 | NSCOUNT 2 | ARCOUNT 2
 */
bool
dns_request_begins(const uint8_t header[DNS_HEADER_LEN])
{
	const unsigned opcode = header[2] >> 3 & 15, rcode = header[3] & 15;
	const unsigned questions = (unsigned)(header[4] << 8 | header[5]);

	if ((header[2] & 0x80) != 0 || rcode != 0)
		return false;
	switch (opcode) {
	case OP_DSO:
		return memcmp(header + 4, "\0\0\0\0\0\0\0\0", 8) == 0;
	case OP_QUERY:
	case OP_NOTIFY:
	case OP_UPDATE:
		return questions == 1;
	case OP_IQUERY:
	case OP_STATUS:
		return questions <= 1;
	default:
		return false;
	}
}

size_t
dns_name_write(const char *name, uint8_t wire[DNS_WIRE_MAX])
{
	size_t at = 0, n;

	for (; *name != '\0'; name += n + (name[n] == '.')) {
		n = strcspn(name, ".");
		wire[at] = (uint8_t)n;
		memcpy(wire + at + 1, name, n);
		at += n + 1;
	}
	wire[at] = 0;
	return at + 1;
}

size_t
dns_query_make(uint8_t out[DNS_QUERY_MAX], const char *name, uint16_t type)
{
	static const uint8_t head[DNS_HEADER_LEN] = { 0, 0, 1, 0, 0, 1 };       /* recursion desired; one question */
	const uint8_t tail[] = { (uint8_t)(type >> 8), (uint8_t)type, 0, 1 };   /* class IN */
	size_t len = sizeof(head);

	memcpy(out, head, sizeof(head));
	len += dns_name_write(name, out + len);
	memcpy(out + len, tail, sizeof(tail));
	return len + sizeof(tail);
}
