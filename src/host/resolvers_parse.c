#include "config.h"

#include "host/resolvers.h"

#include <net/if.h>

#define RESOLVER_PORT 53

/* "192.0.2.1", "fe80::1%em0", "fe80::1%4" */
static int
parse_address(const char *word, uint16_t port, union addr *out)
{
	const size_t len = strcspn(word, "%");
	char text[ADDR_TEXT_MAX];
	int error;

	if (len >= sizeof(text))
		return EINVAL;
	memcpy(text, word, len);
	text[len] = '\0';
	error = addr_parse(text, port, out);
	if (error == 0 && word[len] == '%' && addr_is_linklocal(out) && out->sa.sa_family == AF_INET6) {
		out->in6.sin6_scope_id = if_nametoindex(word + len + 1);
		if (out->in6.sin6_scope_id == 0)
			out->in6.sin6_scope_id = (uint32_t)strtoul(word + len + 1, NULL, 10);
	}
	return error;
}

/* Adds a resolver, unless it is there. */
static void
add(struct resolver *out, size_t *n, size_t max, const char *word, uint16_t port, const char *domain)
{
	struct resolver r = { .addr = addr_none };

	if (*n == max || strlen(domain) >= sizeof(r.domain) || parse_address(word, port, &r.addr) != 0)
		return;
	memcpy(r.domain, domain, strlen(domain));
	for (size_t i = 0; i < *n; i++)
		if (addr_equal(&out[i].addr, &r.addr) && strcmp(out[i].domain, domain) == 0)
			return;
	out[(*n)++] = r;
}

static const char *
next_line(const char *line)
{
	const char *end = strchr(line, '\n');

	return end != NULL ? end + 1 : NULL;
}

size_t
resolvers_parse(const char *text, struct resolver *out, size_t max)
{
	char word[64];
	size_t n = 0;

	for (const char *line = text; line != NULL; line = next_line(line))
		if (sscanf(line, " nameserver %63s", word) == 1 && strcspn(line, "\n") > strlen("nameserver"))
			add(out, &n, max, word, RESOLVER_PORT, "");
	return n;
}

/* A resolver of scutil's output. */
struct block { char words[RESOLVERS_MAX][64]; size_t nwords; char domain[256]; unsigned port; };

/* Reads one from after its "resolver #" line. Returns the line behind it. */
static const char *
read_block(const char *line, struct block *b)
{
	*b = (struct block){ .port = RESOLVER_PORT };
	for (; line != NULL && (*line == ' ' || *line == '\t'); line = next_line(line)) {
		if (b->nwords < RESOLVERS_MAX && sscanf(line, " nameserver[%*u] : %63s", b->words[b->nwords]) == 1)
			b->nwords++;
		else if (sscanf(line, " domain : %255[^ \n]", b->domain) != 1)
			sscanf(line, " port : %5u", &b->port);
	}
	return line;
}

size_t
resolvers_parse_scutil(const char *text, struct resolver *out, size_t max)
{
	enum { FOR_ALL, FOR_DOMAINS, FOR_INTERFACES };
	size_t n = 0, general = 0;
	struct block b;

	for (int pass = FOR_ALL; pass <= FOR_INTERFACES; pass++) {
		bool scoped = false;

		if (pass == FOR_INTERFACES && general > 0)
			break;
		for (const char *line = text; line != NULL; ) {
			if (strncmp(line, "DNS configuration", 17) == 0)
				scoped = strncmp(line + 17, " (for scoped", 12) == 0;
			if (strncmp(line, "resolver #", 10) != 0) {
				line = next_line(line);
				continue;
			}
			line = read_block(next_line(line), &b);
			if (scoped != (pass == FOR_INTERFACES) || (b.domain[0] != '\0') != (pass == FOR_DOMAINS) ||
			    b.port == 0 || b.port > UINT16_MAX)
				continue;
			for (size_t i = 0; i < b.nwords; i++)
				add(out, &n, max, b.words[i], (uint16_t)b.port, b.domain);
		}
		if (pass == FOR_ALL)
			general = n;
	}
	return n;
}
