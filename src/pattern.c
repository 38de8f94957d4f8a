#include "config.h"

#include "pattern.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "flow.h"

enum pattern_kind {
	PATTERN_ANY,            /* "*" */
	PATTERN_NAME,           /* "example.com" */
	PATTERN_BELOW,          /* "*.kion.cloud", kept as ".kion.cloud" */
	PATTERN_PREFIX,         /* "kion.*", kept as "kion." */
	PATTERN_NETWORK         /* "192.168.1.*", "10.0.0.0/8", "192.0.2.1" */
};

struct pattern {
	enum pattern_kind kind;
	const char       *text;         /* lower case; inside the list's own block */
	size_t            len;
	struct network    network;
};

struct pattern_list {
	size_t         count;
	bool           names;
	struct pattern patterns[];      /* followed by their texts */
};

/* One item of a pattern while it is read; where a refusal is written. */
struct item {
	char  *text;
	size_t len;
	char  *error;
	size_t error_size;
};

static int __attribute__((format(printf, 2, 3)))
refuse(const struct item *item, const char *fmt, ...)
{
	char sentence[256];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(sentence, sizeof(sentence), fmt, ap);
	va_end(ap);
	snprintf(item->error, item->error_size, "\"%.200s\" %s", item->text, sentence);
	return EINVAL;
}

static char
fold(char c)
{
	return c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
}

static bool
is_digit(char c)
{
	return c >= '0' && c <= '9';
}

static bool
is_label_char(char c)
{
	c = fold(c);
	return (c >= 'a' && c <= 'z') || is_digit(c) || c == '-' || c == '_';
}

bool
host_is_valid(const char *text)
{
	size_t len = strlen(text), label = 0;

	if (len > 0 && text[len - 1] == '.')
		len--;
	if (len == 0 || len > HOST_MAX)
		return false;
	for (size_t i = 0; i < len; i++) {
		if (text[i] == '.') {
			if (label == 0 || text[i - 1] == '-')
				return false;
			label = 0;
			continue;
		}
		if (!is_label_char(text[i]) || (label == 0 && text[i] == '-') || ++label > 63)
			return false;
	}
	return label > 0 && text[len - 1] != '-';
}

/* "192.168.1" and the like: digits and dots only. */
static bool
is_numeric(const char *text, size_t len)
{
	for (size_t i = 0; i < len; i++)
		if (!is_digit(text[i]) && text[i] != '.')
			return false;
	return len > 0;
}

/* The last label is a number: such names do not exist, it is an address gone wrong. */
static bool
ends_in_number(const char *text, size_t len)
{
	size_t start = len;

	while (start > 0 && text[start - 1] != '.')
		start--;
	return start < len && is_numeric(text + start, len - start);
}

/* "192.168.1.*" is 192.168.1.0/24. */
static int
parse_octets(const struct item *item, struct pattern *p)
{
	char octets[32];
	size_t dots = 0, len = item->len - 2;

	for (size_t i = 0; i < len; i++)
		dots += item->text[i] == '.';
	if (dots > 2 || len > 11)
		return refuse(item, "is no address; write one to three numbers before .*, as in 192.168.1.*");
	snprintf(octets, sizeof(octets), "%.*s%s/%zu", (int)len, item->text,
	    &".0.0.0"[dots * 2], 8 * (dots + 1));
	if (network_parse(octets, &p->network) != 0)
		return refuse(item, "is no address; write numbers from 0 to 255 before .*, as in 192.168.1.*");
	p->kind = PATTERN_NETWORK;
	return 0;
}

int
pattern_parse_network(const char *text, struct network *out, char *error, size_t error_size)
{
	char cured[ADDR_TEXT_MAX];

	switch (network_parse(text, out)) {
	case 0:
		return 0;
	case ERANGE:
		for (size_t bits = out->prefix; bits < 128; bits++)
			out->bytes[bits / 8] &= (uint8_t)~(0x80u >> (bits % 8));
		snprintf(error, error_size, "\"%.100s\" has bits set beyond its prefix; write %s", text,
		    network_format(out, cured));
		return EINVAL;
	default:
		snprintf(error, error_size, "\"%.100s\" is no network; write an address like 192.0.2.1 or 2001:db8::1, "
		    "or a network like 10.0.0.0/8, without scheme, port or path", text);
		return EINVAL;
	}
}

/* Text with a star. The star stands for whole labels, at one end. */
static int
parse_star(struct item *item, struct pattern *p)
{
	const char *text = item->text;
	size_t len = item->len;

	if (len == 1) {
		p->kind = PATTERN_ANY;
		return 0;
	}
	if (strchr(text, ':') != NULL)
		return refuse(item, "has a * in an IPv6 address; write a network like 2001:db8::/32");
	if (strspn(text, "*.") == len)
		return refuse(item, "has no name; write * for everything");
	if (strchr(text, '*') != strrchr(text, '*') || (text[0] != '*' && text[len - 1] != '*'))
		return refuse(item, "has a * inside; write one * only, at the beginning or at the end");
	if (text[0] == '*') {
		if (text[1] != '.')
			return refuse(item, "joins * and a label; write *.%s for every name below, or %s for the name itself",
			    text + 1, text + 1);
		if (ends_in_number(text, len))
			return refuse(item, "ends in a number, as no name does; write addresses as 192.168.1.* or 10.0.0.0/8");
		p->kind = PATTERN_BELOW;
		p->text = text + 1;
		return host_is_valid(text + 2) ? 0 : refuse(item, "is no host name; write letters, digits, - and dots");
	}
	if (text[len - 2] != '.')
		return refuse(item, "joins a label and *; write %.*s.* for names or addresses that begin so", (int)len - 1, text);
	if (is_numeric(text, len - 2))
		return parse_octets(item, p);
	p->kind = PATTERN_PREFIX;
	item->text[--item->len] = '\0';
	p->text = text;
	return host_is_valid(text) ? 0 : refuse(item, "is no host name; write letters, digits, - and dots");
}

static int
parse_item(struct item *item, struct pattern *p)
{
	for (size_t i = 0; i < item->len; i++)
		if ((unsigned char)item->text[i] >= 0x80)
			return refuse(item, "has a character beyond ASCII; write the name in its xn-- form");
	if (item->len > 1 && item->text[item->len - 1] == '.')
		item->text[--item->len] = '\0';
	if (strchr(item->text, '*') != NULL)
		return parse_star(item, p);
	if (strpbrk(item->text, ":/[") != NULL || ends_in_number(item->text, item->len)) {
		p->kind = PATTERN_NETWORK;
		return pattern_parse_network(item->text, &p->network, item->error, item->error_size);
	}
	p->kind = PATTERN_NAME;
	p->text = item->text;
	return host_is_valid(item->text) ? 0 :
	    refuse(item, "is no host name; write letters, digits, - and dots");
}

/* Cuts blanks off both ends of [*start, *end). */
static void
trim(char **start, char **end)
{
	while (*start < *end && strchr(" \t\r\n", **start) != NULL)
		++*start;
	while (*end > *start && strchr(" \t\r\n", (*end)[-1]) != NULL)
		--*end;
	**end = '\0';
}

int
pattern_list_parse(const char *text, struct pattern_list **out, char *error, size_t error_size)
{
	size_t count = 1, len = strlen(text);
	struct pattern_list *list;
	struct item item = { .error = error, .error_size = error_size };
	char *copy, *end, *next;
	int err = 0;

	for (size_t i = 0; i < len; i++)
		count += text[i] == ';';
	list = calloc(1, sizeof(*list) + count * sizeof(list->patterns[0]) + len + 1);
	if (list == NULL) {
		snprintf(error, error_size, "no memory is left; free some");
		return ENOMEM;
	}
	copy = (char *)&list->patterns[count];
	for (size_t i = 0; i < len; i++)
		copy[i] = fold(text[i]);
	for (struct pattern *p = list->patterns; err == 0 && list->count < count; p++, list->count++, copy = next) {
		end = copy + strcspn(copy, ";");
		next = end + 1;
		trim(&copy, &end);
		item.text = copy;
		item.len = (size_t)(end - copy);
		if (item.len == 0) {
			snprintf(error, error_size, "\"%.200s\" has an empty item; write a name, an address or *, "
			    "and one ; between two of them", text);
			err = EINVAL;
		} else if ((err = parse_item(&item, p)) == 0) {
			p->len = p->text != NULL ? strlen(p->text) : 0;
			list->names |= p->kind != PATTERN_NETWORK;
		}
	}
	if (err != 0) {
		free(list);
		return err;
	}
	*out = list;
	return 0;
}

void
pattern_list_free(struct pattern_list *list)
{
	free(list);
}

static bool
equal_folded(const char *host, const char *lower, size_t len)
{
	for (size_t i = 0; i < len; i++)
		if (fold(host[i]) != lower[i])
			return false;
	return true;
}

static bool
name_matches(const struct pattern *p, const char *host, size_t len)
{
	switch (p->kind) {
	case PATTERN_NAME:
		return len == p->len && equal_folded(host, p->text, len);
	case PATTERN_BELOW:
		return len > p->len && equal_folded(host + len - p->len, p->text, p->len);
	case PATTERN_PREFIX:
		return len > p->len && equal_folded(host, p->text, p->len);
	default:
		return false;
	}
}

bool
pattern_list_match(const struct pattern_list *list, const char *host, const union addr *addr)
{
	size_t len = host != NULL ? strlen(host) : 0;

	if (len > 0 && host[len - 1] == '.')
		len--;
	for (size_t i = 0; i < list->count; i++) {
		const struct pattern *p = &list->patterns[i];

		if (p->kind == PATTERN_ANY)
			return true;
		if (p->kind == PATTERN_NETWORK) {
			if (addr != NULL && network_contains(&p->network, addr))
				return true;
		} else if (len > 0 && name_matches(p, host, len)) {
			return true;
		}
	}
	return false;
}

bool
pattern_list_has_names(const struct pattern_list *list)
{
	return list->names;
}
