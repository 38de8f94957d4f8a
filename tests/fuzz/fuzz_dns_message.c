/* The input is parsed as a query, and as an answer to the question in it. */
#include "config.h"

#include "wire/dns_content.h"
#include "wire/dns_edit.h"
#include "wire/dns_query.h"

static void
count_address(void *arg, const union addr *addr, uint32_t ttl)
{
	unsigned *count = arg;

	if (addr_is_set(addr) && ttl <= INT32_MAX)
		++*count;
}

static void
count_alias(void *arg, const struct dns_name *name)
{
	char text[DNS_TEXT_MAX];

	dns_name_text(name, text);
	++*(unsigned *)arg;
}

static void
count_outer(void *arg, const uint8_t *name, size_t len)
{
	if (len == 0 || memchr(name, 0, len) == name + len)
		abort();
	++*(unsigned *)arg;
}

/* An edited answer parses, holds two addresses at most and no ECH, and need not be edited again. */
static void
edit_answer(const uint8_t *msg, size_t len, const struct dns_query *q, struct dns_answer a)
{
	const struct dns_edit edit = { .addresses = 2, .strip_ech = true };
	static uint8_t out[DNS_MESSAGE_MAX], out2[DNS_MESSAGE_MAX];
	struct dns_answer again;
	unsigned count = 0;

	if (dns_answer_edit(msg, len, &edit, out, &a) != 0)
		return;
	if (dns_answer_parse(out, a.end, q->id, &q->question, &again) != 0 || again.answers != a.answers ||
	    again.opt != a.opt || again.end != a.end)
		abort();
	dns_answer_addresses(out, a.end, count_address, &count);
	if (count > 2)
		abort();
	count = 0;
	dns_answer_outer_names(out, a.end, count_outer, &count);
	if (count > 0 || dns_answer_edit(out, a.end, &edit, out2, &again) != ENOENT)
		abort();
}

/* Everything that is done to a parsed answer, on a copy of its exact length. */
static void
use_answer(const uint8_t *data, size_t len, const struct dns_query *q, const uint8_t *query_msg, const struct dns_answer *a)
{
	uint8_t *msg = malloc(len);
	unsigned count = 0;
	struct dns_answer again;

	if (msg == NULL)
		abort();
	memcpy(msg, data, len);
	if (a->end > len || a->opt >= len)
		abort();
	dns_answer_addresses(msg, len, count_address, &count);
	dns_answer_aliases(msg, len, count_alias, &count);
	dns_answer_outer_names(msg, len, count_outer, &count);
	if (!a->truncated)
		edit_answer(msg, len, q, *a);
	dns_answer_echo(msg, query_msg, q);
	if (dns_answer_parse(msg, len, q->id, &q->question, &again) != 0)
		abort();
	/* names may hide in a TTL: an aged answer need not parse again */
	dns_answer_age(msg, len, 1, 0, INT32_MAX);
	dns_answer_addresses(msg, len, count_address, &count);
	if (!a->truncated && dns_answer_strip_options(msg, a) > len)
		abort();
	memcpy(msg, data, len);
	if (dns_answer_truncate(msg, a, q) > len)
		abort();
	free(msg);
}

/* The query for the question of the answer; made by hand, because dns_query_parse() refuses answers. */
static void
fuzz_answer(const uint8_t *data, size_t len)
{
	uint8_t *query_msg = malloc(len);
	struct dns_query q;
	struct dns_answer a;

	if (query_msg == NULL)
		abort();
	memcpy(query_msg, data, len);
	query_msg[2] = 1;
	memcpy(query_msg + 4, "\0\1\0\0\0\0\0\0", 8);
	if (dns_query_parse(query_msg, len, &q) == 0) {
		q.edns = len % 2 == 0;
		if (dns_answer_parse(data, len, q.id, &q.question, &a) == 0 && a.has_question)
			use_answer(data, len, &q, query_msg, &a);
	}
	free(query_msg);
}

/* Our own answers parse as answers. */
static void
fuzz_reply(const uint8_t *data, const struct dns_query *q)
{
	const uint8_t record[16] = { 0 };
	const size_t size = q->question.type == DNS_A ? 4 : q->question.type == DNS_AAAA ? 16 : 0;
	uint8_t out[DNS_REPLY_MAX];
	size_t len = dns_reply(out, data, q, DNS_NOERROR, size > 0 ? record : NULL, size, 60);
	struct dns_answer a;

	if (dns_answer_parse(out, len, q->id, &q->question, &a) != 0 || a.answers != (size > 0) || a.end != len)
		abort();
}

/* The query as it is sent on is in lower case, and parses as the same query in any case. */
static void
fuzz_sent(const uint8_t *data, const struct dns_query *q)
{
	const uint8_t random[DNS_CASE_BYTES] = { 0x5a, 0xff, 0x33 };
	uint8_t out[DNS_QUERY_MAX];
	size_t len = dns_query_write(out, data, q);
	struct dns_query again;

	if (len > sizeof(out) || !dns_request_begins(out) ||
	    memcmp(out + DNS_HEADER_LEN, q->question.name.wire, q->question.name.len) != 0)
		abort();
	dns_query_mix(out, &q->question, random);
	if (dns_query_parse(out, len, &again) != 0 || again.question.name.len != q->question.name.len ||
	    memcmp(again.question.name.wire, q->question.name.wire, q->question.name.len) != 0 ||
	    again.edns != q->edns || again.dnssec_ok != q->dnssec_ok || again.options)
		abort();
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	struct dns_query q;
	uint8_t out[DNS_REPLY_MAX];
	char text[DNS_TEXT_MAX];
	int error = dns_query_parse(data, len, &q);

	if (len >= DNS_HEADER_LEN && dns_reply(out, data, &q, DNS_FORMERR, NULL, 0, 0) > sizeof(out))
		abort();
	if (error == 0)
		fuzz_reply(data, &q);
	if (error == 0)
		fuzz_sent(data, &q);
	if (len >= DNS_HEADER_LEN)
		dns_request_begins(data);
	if (error == 0)
		dns_name_text(&q.question.name, text);
	if (len >= DNS_HEADER_LEN)
		fuzz_answer(data, len);
	return 0;
}
