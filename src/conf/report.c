/* Messages about a configuration, with their place. */
#include "config.h"

#include "conf/conf_internal.h"

#include <stdarg.h>

/* Lines and columns count from 1; columns count characters. */
static void
position(const char *text, size_t offset, size_t *line, size_t *column)
{
	*line = 1;
	*column = 1;
	for (size_t i = 0; i < offset; i++) {
		if (text[i] == '\n') {
			++*line;
			*column = 1;
		} else if (((unsigned char)text[i] & 0xc0) != 0x80) {   /* not inside a UTF-8 character */
			++*column;
		}
	}
}

size_t
conf_line(const struct conf_reader *r, size_t offset)
{
	size_t line, column;

	position(r->text, offset, &line, &column);
	return line;
}

/* Writes "rules[0].proxy_id", truncated to size. Returns its length. */
static size_t
path(const struct json *node, char *buf, size_t size)
{
	size_t used;

	if (node->parent == NULL)
		return 0;
	if ((used = path(node->parent, buf, size)) >= size)
		return used;
	if (node->key == NULL)
		return used + (size_t)snprintf(buf + used, size - used, "[%u]", (unsigned)node->index);
	return used + (size_t)snprintf(buf + used, size - used, "%s%s", used > 0 ? "." : "", node->key);
}

/* Keeps the message on one line. */
static void
make_printable(char *out)
{
	for (; *out != '\0'; out++)
		if ((unsigned char)*out < 0x20 || *out == 0x7f)
			*out = '?';
}

static void __attribute__((format(printf, 6, 0)))
report(const struct conf_reader *r, char *out, size_t size, size_t offset, const struct json *node,
    const char *fmt, va_list ap)
{
	char where[256] = "(top)", sentence[512];
	size_t line, column;

	position(r->text, offset, &line, &column);
	if (node != NULL)
		path(node, where, sizeof(where));
	vsnprintf(sentence, sizeof(sentence), fmt, ap);
	snprintf(out, size, "%s:%zu:%zu: %s: %s", r->file, line, column, where, sentence);
	make_printable(out);
}

int
conf_fail_at(struct conf_reader *r, size_t offset, const struct json *node, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	report(r, r->report->error, sizeof(r->report->error), offset, node, fmt, ap);
	va_end(ap);
	return EINVAL;
}

int
conf_fail_line(struct conf_reader *r, const char *path, size_t line, const char *sentence)
{
	snprintf(r->report->error, sizeof(r->report->error), "%s:%zu: %s", path, line, sentence);
	make_printable(r->report->error);
	return EINVAL;
}

void
conf_warn(struct conf_reader *r, const struct json *node, const char *fmt, ...)
{
	va_list ap;

	if (r->report->nwarnings >= CONF_WARNINGS_MAX) {
		r->report->nwarnings = CONF_WARNINGS_MAX + 1;
		snprintf(r->report->warnings[CONF_WARNINGS_MAX], sizeof(r->report->warnings[0]),
		    "%s: %u more warnings are not shown", r->file, ++r->report->nmore);
		return;
	}
	va_start(ap, fmt);
	report(r, r->report->warnings[r->report->nwarnings++], sizeof(r->report->warnings[0]), node->offset, node, fmt,
	    ap);
	va_end(ap);
}

void *
conf_alloc(struct conf_reader *r, const struct json *node, size_t count, size_t size)
{
	void *p = arena_alloc(&r->conf->arena, count, size);

	if (p == NULL)
		conf_fail(r, node, "out of memory; make the file smaller");
	return p;
}
