#include "config.h"

#include "pattern.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

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
	const char       *text;         /* inside the list's own block; NULL for PATTERN_ANY and PATTERN_NETWORK */
	size_t            len;
	struct network    network;
};

struct pattern_list {
	size_t         count;
	struct pattern patterns[];      /* followed by their texts */
};

static const char digits[] = "0123456789";

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

bool
host_is_valid(const char *text)
{
	static const char chars[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_";
	size_t len = strlen(text), n;

	if (len > 0 && text[len - 1] == '.')
		len--;
	if (len == 0 || len > HOST_MAX)
		return false;
	for (const char *label = text; label <= text + len; label += n + 1) {
		n = strspn(label, chars);
		if (n == 0 || n > 63 || label[0] == '-' || label[n - 1] == '-' || (label[n] != '.' && label[n] != '\0'))
			return false;
	}
	return true;
}

bool
host_ends_in_number(const char *text)
{
	const char *last = strrchr(text, '.') != NULL ? strrchr(text, '.') + 1 : text;

	return *last != '\0' && last[strspn(last, digits)] == '\0';
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
	int err = network_parse(text, out);

	if (err == EINVAL)
		snprintf(error, error_size, "\"%.100s\" is no network; write an address like 192.0.2.1 or 2001:db8::1, "
		    "or a network like 10.0.0.0/8, without scheme, port or path", text);
	if (err != ERANGE)
		return err;
	for (size_t bits = out->prefix; bits < 128; bits++)
		out->bytes[bits / 8] &= (uint8_t)~(0x80u >> (bits % 8));
	snprintf(error, error_size, "\"%.100s\" has bits set beyond its prefix; write %s", text, network_format(out, cured));
	return EINVAL;
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
		if (host_ends_in_number(text))
			return refuse(item, "ends in a number, as no name does; write addresses as 192.168.1.* or 10.0.0.0/8");
		p->kind = PATTERN_BELOW;
		p->text = text + 1;
		return 0;
	}
	if (text[len - 2] != '.')
		return refuse(item, "joins a label and *; write %.*s.* for names or addresses that begin so", (int)len - 1, text);
	if (strspn(text, "0123456789.") == len - 1)
		return parse_octets(item, p);
	p->kind = PATTERN_PREFIX;
	p->text = text;
	item->text[len - 1] = '\0';
	return 0;
}

static int
parse_item(struct item *item, struct pattern *p)
{
	int err = 0;

	for (size_t i = 0; i < item->len; i++)
		if ((unsigned char)item->text[i] >= 0x80)
			return refuse(item, "has a character beyond ASCII; write the name in its xn-- form");
	if (item->len > 1 && item->text[item->len - 1] == '.')
		item->text[--item->len] = '\0';
	if (strchr(item->text, '*') != NULL) {
		err = parse_star(item, p);
	} else if (strpbrk(item->text, ":/[") != NULL || host_ends_in_number(item->text)) {
		p->kind = PATTERN_NETWORK;
		err = pattern_parse_network(item->text, &p->network, item->error, item->error_size);
	} else {
		p->kind = PATTERN_NAME;
		p->text = item->text;
	}
	if (err != 0 || p->text == NULL)
		return err;
	p->len = strlen(p->text);
	return host_is_valid(p->kind == PATTERN_BELOW ? p->text + 1 : p->text) ? 0 :
	    refuse(item, "is no host name; write letters, digits, - and dots");
}

/* The item without the blanks around it. */
static void
trim(struct item *item)
{
	static const char blanks[] = " \t\r\n";

	item->text += strspn(item->text, blanks);
	item->len = strlen(item->text);
	while (item->len > 0 && strchr(blanks, item->text[item->len - 1]) != NULL)
		item->text[--item->len] = '\0';
}

int
pattern_list_parse(const char *text, struct pattern_list **out, char *error, size_t error_size)
{
	size_t count = 1, size = strlen(text) + 1;
	struct item item = { .error = error, .error_size = error_size };
	struct pattern_list *list;
	char *next;
	int err = 0;

	for (size_t i = 0; i < size; i++)
		count += text[i] == ';';
	list = calloc(1, sizeof(*list) + count * sizeof(list->patterns[0]) + size);
	if (list == NULL) {
		snprintf(error, error_size, "no memory is left; free some");
		return ENOMEM;
	}
	next = memcpy(&list->patterns[count], text, size);
	while (err == 0 && (item.text = strsep(&next, ";")) != NULL) {
		trim(&item);
		if (item.len > 0) {
			err = parse_item(&item, &list->patterns[list->count++]);
			continue;
		}
		snprintf(error, error_size, "\"%.200s\" has an empty item; write a name, an address or *, "
		    "and one ; between two of them", text);
		err = EINVAL;
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

/* len: of host, without the final dot. */
static bool
matches(const struct pattern *p, const char *host, size_t len, const union addr *addr)
{
	switch (p->kind) {
	case PATTERN_ANY:
		return true;
	case PATTERN_NAME:
		return len == p->len && strncasecmp(host, p->text, len) == 0;
	case PATTERN_BELOW:
		return len > p->len && strncasecmp(host + len - p->len, p->text, p->len) == 0;
	case PATTERN_PREFIX:
		return len > p->len && strncasecmp(host, p->text, p->len) == 0;
	case PATTERN_NETWORK:
		return addr != NULL && network_contains(&p->network, addr);
	}
	return false;
}

bool
pattern_list_match(const struct pattern_list *list, const char *host, const union addr *addr)
{
	size_t len = host != NULL ? strlen(host) : 0;

	if (len > 0 && host[len - 1] == '.')
		len--;
	for (size_t i = 0; i < list->count; i++)
		if (matches(&list->patterns[i], host, len, addr))
			return true;
	return false;
}

bool
pattern_list_has_names(const struct pattern_list *list)
{
	for (size_t i = 0; i < list->count; i++)
		if (list->patterns[i].kind != PATTERN_NETWORK)
			return true;
	return false;
}
