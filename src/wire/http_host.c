/*
 * The host of an HTTP/1.x request (RFC 9112 section 3.2), without user and port. The absolute-form of a target and the
 * authority-form of CONNECT win over the Host field. Lines may end in a bare LF (section 2.2). The preface of HTTP/2
 * with prior knowledge (RFC 9113 section 3.4) has no name.
 */
#include "config.h"

#include <strings.h>

#include "wire/sniffer.h"

#define METHOD_MAX 24           /* the longest registered method has 17 letters */

struct text { const char *at; size_t len; };

static bool
is_letter(char c)
{
	return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z');
}

static bool
is_digit(char c)
{
	return c >= '0' && c <= '9';
}

/* Takes a word of n characters and the blank behind it. */
static enum sniff
take_word(struct text *in, size_t n, struct text *word)
{
	if (n == in->len)
		return SNIFF_MORE;
	if (n == 0 || in->at[n] != ' ')
		return SNIFF_NONE;
	*word = (struct text){ in->at, n };
	*in = (struct text){ in->at + n + 1, in->len - n - 1 };
	return SNIFF_FOUND;
}

/* Letters, '-' and '_' cover every registered method, and exclude a greeting with a version ("SSH-2.0"). */
static enum sniff
take_method(struct text *in, struct text *method)
{
	size_t n = 0;

	while (n < in->len && n <= METHOD_MAX &&
	    (is_letter(in->at[n]) || (n > 0 && (in->at[n] == '-' || in->at[n] == '_'))))
		n++;
	return n > METHOD_MAX ? SNIFF_NONE : take_word(in, n, method);
}

static enum sniff
take_target(struct text *in, struct text *target)
{
	size_t n = 0;

	while (n < in->len && (unsigned char)in->at[n] > ' ' && in->at[n] != 0x7f)
		n++;
	return take_word(in, n, target);
}

/* Takes a line; *line is without CRLF or LF. */
static enum sniff
take_line(struct text *in, struct text *line)
{
	size_t n = 0;

	while (n < in->len && ((unsigned char)in->at[n] >= ' ' || in->at[n] == '\t'))
		n++;
	*line = (struct text){ in->at, n };
	if (n < in->len && in->at[n] == '\r')
		n++;
	if (n == in->len)
		return SNIFF_MORE;
	if (in->at[n] != '\n')
		return SNIFF_NONE;
	*in = (struct text){ in->at + n + 1, in->len - n - 1 };
	return SNIFF_FOUND;
}

/* "HTTP/1." DIGIT. Refuses at the first wrong byte, before the line has ended. */
static enum sniff
take_version(struct text *in)
{
	static const char version[] = "HTTP/1.";
	struct text line;
	enum sniff status = take_line(in, &line);

	for (size_t i = 0; i < line.len; i++)
		if (i > 7 || (i < 7 ? line.at[i] != version[i] : !is_digit(line.at[i])))
			return SNIFF_NONE;
	return status == SNIFF_FOUND && line.len != 8 ? SNIFF_NONE : status;
}

/* [ userinfo "@" ] host [ ":" port ]; the colons of an IPv6 literal fail the check of the port */
static enum sniff
host_of_authority(struct text authority, char host[HOST_MAX + 1])
{
	struct text name = authority;
	size_t n;

	for (n = 0; n < authority.len; n++)
		if (authority.at[n] == '@')
			name = (struct text){ authority.at + n + 1, authority.len - n - 1 };
	for (n = 0; n < name.len && name.at[n] != ':'; n++)
		;
	for (size_t i = n + 1; i < name.len; i++)
		if (!is_digit(name.at[i]))
			return SNIFF_NONE;
	if (n == 0 || n > HOST_MAX)
		return SNIFF_NONE;
	memcpy(host, name.at, n);
	host[n] = '\0';
	return SNIFF_FOUND;
}

/* scheme "://" authority ...; false: another form. */
static bool
authority_of_target(struct text target, struct text *authority)
{
	size_t n = 0, end;

	while (n < target.len && is_letter(target.at[n]))
		n++;
	if (n == 0 || target.len - n < 3 || memcmp(target.at + n, "://", 3) != 0)
		return false;
	n += 3;
	for (end = n; end < target.len && memchr("/?#", target.at[end], 3) == NULL; end++)
		;
	*authority = (struct text){ target.at + n, end - n };
	return true;
}

/* field-line = field-name ":" OWS field-value OWS */
static enum sniff
host_of_fields(struct text in, char host[HOST_MAX + 1])
{
	struct text line;
	enum sniff status;

	while ((status = take_line(&in, &line)) == SNIFF_FOUND && line.len > 0) {
		if (line.len < 5 || strncasecmp(line.at, "host:", 5) != 0)
			continue;
		line.at += 5;
		line.len -= 5;
		for (; line.len > 0 && (*line.at == ' ' || *line.at == '\t'); line.len--)
			line.at++;
		while (line.len > 0 && (line.at[line.len - 1] == ' ' || line.at[line.len - 1] == '\t'))
			line.len--;
		return host_of_authority(line, host);
	}
	return status == SNIFF_FOUND ? SNIFF_NONE : status;
}

sniffer http_host_name;

enum sniff
http_host_name(const uint8_t *data, size_t len, struct sniffed *name)
{
	struct text in = { (const char *)data, len }, method, target, authority;
	enum sniff status;

	name->via = "http";
	if ((status = take_method(&in, &method)) != SNIFF_FOUND ||
	    (status = take_target(&in, &target)) != SNIFF_FOUND ||
	    (status = take_version(&in)) != SNIFF_FOUND)
		return status;
	name->proxy_request = true;
	if (method.len == 7 && memcmp(method.at, "CONNECT", 7) == 0)
		return host_of_authority(target, name->text);
	if (authority_of_target(target, &authority))
		return host_of_authority(authority, name->text);
	name->proxy_request = false;
	return host_of_fields(in, name->text);
}
