/* dns_exact.h - parses copies of exactly the given length, so that a sanitizer sees a read beyond them. */
#ifndef DNS_EXACT_H
#define DNS_EXACT_H

#include "dns_build.h"
#include "wire/dns_message.h"

static inline int
parse_query(const uint8_t *msg, size_t len, struct dns_query *q)
{
	uint8_t *copy = malloc(len > 0 ? len : 1);
	int error;

	assert_non_null(copy);
	memcpy(copy, msg, len);
	error = dns_query_parse(copy, len, q);
	free(copy);
	return error;
}

static inline int
parse_answer(const uint8_t *msg, size_t len, uint16_t id, const struct dns_query *q, struct dns_answer *a)
{
	uint8_t *copy = malloc(len > 0 ? len : 1);
	int error;

	assert_non_null(copy);
	memcpy(copy, msg, len);
	error = dns_answer_parse(copy, len, id, &q->question, a);
	free(copy);
	return error;
}

static inline struct dns_query
query_for(const char *name, unsigned type)
{
	struct dns_build b;
	struct dns_query q;

	build_query(&b, 1, name, type);
	assert_int_equal(parse_query(b.bytes, b.len, &q), 0);
	return q;
}

#endif
