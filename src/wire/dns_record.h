/*
 * dns_record.h - names and records of a DNS message as they lie there: for the other dns_* files of this room.
 *
 * Pure. Offsets are bytes from the start of the message; functions move *pos behind what they have read.
 * Errors:  0; EBADMSG: malformed.
 * Sources: RFC 1035 section 4.1, RFC 2181 section 8, RFC 6891 section 6.1.2.
 */
#pragma once

#include "wire/dns_types.h"

/* Offsets of the counts in the header. */
enum { QDCOUNT = 4, ANCOUNT = 6, NSCOUNT = 8, ARCOUNT = 10 };

struct dns_record {
	uint16_t type, class;
	size_t   start, ttl_at, data;   /* offsets */
	size_t   data_len;
	uint32_t ttl;
};

static inline uint16_t
get16(const uint8_t *p)
{
	return (uint16_t)(p[0] << 8 | p[1]);
}

static inline uint32_t
get32(const uint8_t *p)
{
	return (uint32_t)get16(p) << 16 | get16(p + 2);
}

static inline void
put16(uint8_t *p, unsigned v)
{
	p[0] = (uint8_t)(v >> 8);
	p[1] = (uint8_t)v;
}

static inline void
put32(uint8_t *p, uint32_t v)
{
	put16(p, v >> 16);
	put16(p + 2, v & 0xffff);
}

/* A pointer must lead to "a prior occurrence": before all parts of this name that are already read. That rules out
 * loops. */
int dns_name_read(const uint8_t *msg, size_t len, size_t *pos, struct dns_name *);
/* The same, in the case of the message. */
int dns_name_copy(const uint8_t *msg, size_t len, size_t *pos, struct dns_name *);
/* Does not follow pointers. */
int dns_name_skip(const uint8_t *msg, size_t len, size_t *pos);

/* Skips the name. */
int dns_record_read(const uint8_t *msg, size_t len, size_t *pos, struct dns_record *);
/* In all sections. */
size_t dns_record_count(const uint8_t *msg);
/* The offset behind the question of a parsed answer. */
size_t dns_records_start(const uint8_t *msg, size_t len);
