#include "config.h"

#include "conf/pattern.h"

#include <stdarg.h>

#include "base/flow.h"
#include "base/host_name.h"
#include "conf/idn.h"

/* The text of a pattern, and the place for an error. */
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

/* "192.168.1.*" is 192.168.1.0/24. */
static int
parse_octets(const struct item *item, struct pattern *p)
{
	char octets[32];
	size_t dots = 0, len = item->len - 2;

	for (size_t i = 0; i < len; i++)
		dots += item->text[i] == '.';
	if (dots > 2 || len > 11)
		return refuse(item, "is not an address; write one to three numbers before .*, as in 192.168.1.*");
	snprintf(octets, sizeof(octets), "%.*s%s/%zu", (int)len, item->text,
	    &".0.0.0"[dots * 2], 8 * (dots + 1));
	if (network_parse(octets, &p->network) != 0)
		return refuse(item, "is not an address; write numbers from 0 to 255 before .*, as in 192.168.1.*");
	p->kind = PATTERN_NETWORK;
	return 0;
}

int
pattern_parse_network(const char *text, struct network *out, char *error, size_t error_size)
{
	char cured[ADDR_TEXT_MAX];
	int err = network_parse(text, out);

	if (err == EINVAL)
		snprintf(error, error_size, "\"%.100s\" is not a network; write an address like 192.0.2.1 or "
		    "2001:db8::1, or a network like 10.0.0.0/8, without scheme, port or path", text);
	if (err != ERANGE)
		return err;
	network_cut(out, out->prefix);
	snprintf(error, error_size, "\"%.100s\" has bits set beyond its prefix; write %s", text, network_format(out,
	    cured));
	return EINVAL;
}

/* Parses text with a star, which means whole labels at one end. */
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
			return refuse(item, "joins * and a label; write *.%s for every name below, or %s for the "
			    "name itself", text + 1, text + 1);
		if (host_ends_in_number(text))
			return refuse(item, "ends in a number, unlike a name; write addresses as 192.168.1.* or "
			    "10.0.0.0/8");
		p->kind = PATTERN_BELOW;
		p->text = text + 2;
		return 0;
	}
	if (text[len - 2] != '.')
		return refuse(item, "joins a label and *; write %.*s.* for names or addresses with that beginning",
		    (int)len - 1, text);
	if (strspn(text, "0123456789.") == len - 1)
		return parse_octets(item, p);
	p->kind = PATTERN_PREFIX;
	p->text = text;
	item->text[len - 2] = '\0';
	return 0;
}

/* Replaces a text beyond ASCII. */
static int
encode_item(struct arena *arena, struct item *item)
{
	char ascii[IDN_MAX];
	const char *fault = NULL;
	size_t n = 0;

	while (n < item->len && (unsigned char)item->text[n] < 0x80)
		n++;
	if (n < item->len && (fault = idn_to_ascii(item->text, ascii)) == NULL) {
		item->len = strlen(ascii);
		item->text = arena_alloc(arena, item->len + 1, 1);
		if (item->text == NULL)
			return refuse(&(struct item){ .text = ascii, .error = item->error,
			    .error_size = item->error_size }, "is too much for the memory; make the list shorter");
		memcpy(item->text, ascii, item->len);
	}
	return fault == NULL ? 0 : refuse(item, "%s", fault);
}

static int
parse_item(struct item *item, struct pattern *p)
{
	int err = 0;

	if (item->len > 1 && item->text[item->len - 1] == '.')
		item->text[--item->len] = '\0';
	if (strchr(item->text, '*') != NULL) {
		err = parse_star(item, p);
	} else if (strpbrk(item->text, ":/[") != NULL || host_ends_in_number(item->text)) {
		p->kind = PATTERN_NETWORK;
		err = pattern_parse_network(item->text, &p->network, item->error, item->error_size);
	} else {
		p->kind = item->text[0] == '.' ? PATTERN_TREE : PATTERN_NAME;
		p->text = item->text + (p->kind == PATTERN_TREE);
	}
	if (err != 0 || p->text == NULL)
		return err;
	p->len = (unsigned)strlen(p->text);
	if (!host_is_valid(p->text) || p->text[p->len - 1] == '.')
		return refuse(item, "is not a host name; write letters, digits, -, _ and dots");
	for (char *c = item->text; *c != '\0'; c++)
		if (*c >= 'A' && *c <= 'Z')
			*c = (char)(*c - 'A' + 'a');
	return 0;
}

/* Removes the blanks around the item. */
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
pattern_parse(struct arena *arena, char *text, struct pattern *out, char *error, size_t error_size)
{
	struct item item = { .text = text, .error = error, .error_size = error_size };

	trim(&item);
	*out = (struct pattern){ .kind = PATTERN_ANY };
	if (item.len == 0)
		return refuse(&item, "is an empty item; write a name, an address or *");
	if (encode_item(arena, &item) != 0)
		return EINVAL;
	return parse_item(&item, out);
}
