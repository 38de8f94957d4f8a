#include "config.h"

#include "ctl/doctor.h"

#include <yajl/yajl_gen.h>

#include <stdarg.h>

static void
json_pair(yajl_gen g, const char *key, const char *value)
{
	yajl_gen_string(g, (const unsigned char *)key, strlen(key));
	yajl_gen_string(g, (const unsigned char *)value, strlen(value));
}

/* {"link":"proxy 1","level":"fault","text":"..."} */
static void
say_json(FILE *out, const char *level, const char *link, const char *text)
{
	yajl_gen g = yajl_gen_alloc(NULL);
	const unsigned char *line;
	size_t len;

	if (g == NULL)
		return;
	yajl_gen_map_open(g);
	json_pair(g, "link", link);
	json_pair(g, "level", level);
	json_pair(g, "text", text);
	yajl_gen_map_close(g);
	if (yajl_gen_get_buf(g, &line, &len) == yajl_gen_status_ok)
		fprintf(out, "%.*s\n", (int)len, (const char *)line);
	yajl_gen_free(g);
}

/* Replaces control characters: text of others must stay on its line. */
static void
clean(char *text)
{
	for (; *text != '\0'; text++)
		if ((unsigned char)*text < ' ' || *text == 0x7f)
			*text = text[1] == '\0' ? '\0' : ' ';
}

void
doctor_say(struct doctor *d, enum doctor_level level, const char *link, const char *fmt, ...)
{
	static const char *const words[] = { "ok", "note", "warning", "fault" };
	static const char *const marks[] = { "\u2713", "-", "!", "\u2717" };
	static const char *const plain[] = { "ok     ", "note   ", "warning", "FAULT  " };
	char text[1024];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	clean(text);
	if (d->json)
		say_json(d->out, words[level], link, text);
	else
		fprintf(d->out, "%s %s: %s\n", (d->utf8 ? marks : plain)[level], link, text);
	fflush(d->out);
	d->lines++;
	d->faults += level == DOCTOR_FAULT;
}
