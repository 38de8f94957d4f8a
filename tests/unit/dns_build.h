/* dns_build.h - makes DNS messages for tests, byte by byte; checks nothing. */
#ifndef DNS_BUILD_H
#define DNS_BUILD_H

struct dns_build {
	size_t  len;
	uint8_t bytes[4096];
};

static inline void
build16(struct dns_build *b, unsigned v)
{
	b->bytes[b->len++] = (uint8_t)(v >> 8);
	b->bytes[b->len++] = (uint8_t)v;
}

static inline void
build_header(struct dns_build *b, unsigned id, unsigned flags, unsigned qd, unsigned an, unsigned ns, unsigned ar)
{
	const unsigned words[] = { id, flags, qd, an, ns, ar };

	b->len = 0;
	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		build16(b, words[i]);
}

static inline void
build_bytes(struct dns_build *b, const void *bytes, size_t n)
{
	if (n > 0)
		memcpy(b->bytes + b->len, bytes, n);
	b->len += n;
}

/* "www.example.com"; "" is the root. */
static inline void
build_name(struct dns_build *b, const char *name)
{
	while (*name != '\0') {
		size_t n = strcspn(name, ".");

		b->bytes[b->len++] = (uint8_t)n;
		build_bytes(b, name, n);
		name += n + (name[n] == '.');
	}
	b->bytes[b->len++] = 0;
}

static inline void
build_question(struct dns_build *b, const char *name, unsigned type)
{
	build_name(b, name);
	build16(b, type);
	build16(b, 1);
}

/* The part of a record behind its name. */
static inline void
build_record(struct dns_build *b, unsigned type, uint32_t ttl, const void *data, size_t n)
{
	build16(b, type);
	build16(b, 1);
	build16(b, ttl >> 16);
	build16(b, ttl & 0xffff);
	build16(b, (unsigned)n);
	build_bytes(b, data, n);
}

static inline void
build_opt(struct dns_build *b, unsigned size, unsigned flags, const void *options, size_t n)
{
	b->bytes[b->len++] = 0;
	build16(b, 41);
	build16(b, size);
	build16(b, 0);
	build16(b, flags);
	build16(b, (unsigned)n);
	build_bytes(b, options, n);
}

/* A query with RD. */
static inline void
build_query(struct dns_build *b, unsigned id, const char *name, unsigned type)
{
	build_header(b, id, 0x0100, 1, 0, 0, 0);
	build_question(b, name, type);
}

#endif
