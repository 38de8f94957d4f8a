#include "config.h"

#include "conf_key.h"

#include <errno.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define NAME_MAX_GUESS 32       /* keys longer than this are never near to one of ours */

static void __attribute__((format(printf, 6, 0)))
report(const struct conf_reader *r, char *out, size_t size, size_t offset, const struct json *node,
    const char *fmt, va_list ap)
{
	char path[256], sentence[512];
	size_t line, column;

	json_position(r->text, offset, &line, &column);
	vsnprintf(sentence, sizeof(sentence), fmt, ap);
	snprintf(out, size, "%s:%zu:%zu: %s: %s", r->file, line, column, json_path(node, path, sizeof(path)), sentence);
	for (; *out != '\0'; out++)
		if ((unsigned char)*out < 0x20 || *out == 0x7f)
			*out = '?';
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
conf_fail(struct conf_reader *r, const struct json *node, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	report(r, r->report->error, sizeof(r->report->error), node->offset, node, fmt, ap);
	va_end(ap);
	return EINVAL;
}

int
conf_fail_key(struct conf_reader *r, const struct json *node, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	report(r, r->report->error, sizeof(r->report->error), node->key_offset, node, fmt, ap);
	va_end(ap);
	return EINVAL;
}

void
conf_warn(struct conf_reader *r, const struct json *node, const char *fmt, ...)
{
	va_list ap;

	if (r->report->nwarnings == CONF_WARNINGS_MAX)
		return;
	va_start(ap, fmt);
	report(r, r->report->warnings[r->report->nwarnings++], sizeof(r->report->warnings[0]), node->offset, node, fmt, ap);
	va_end(ap);
}

int
conf_want(struct conf_reader *r, const struct json *node, enum json_type type)
{
	static const char *const cures[] = {
		[JSON_BOOLEAN] = "write true or false without quotes",
		[JSON_NUMBER] = "write digits without quotes",
		[JSON_STRING] = "write it in double quotes",
		[JSON_ARRAY] = "write it between [ and ]",
		[JSON_OBJECT] = "write keys and values between { and }",
	};

	if (node->type == type)
		return 0;
	return conf_fail(r, node, "%s stands here instead of %s; %s", json_type_name(node->type),
	    json_type_name(type), cures[type]);
}

void *
conf_alloc(struct conf_reader *r, const struct json *node, size_t count, size_t size)
{
	void *p = arena_alloc(r->arena, count, size);

	if (p == NULL)
		conf_fail(r, node, "no memory is left; make the file smaller");
	return p;
}

static size_t
least(size_t a, size_t b, size_t c)
{
	size_t m = a < b ? a : b;

	return m < c ? m : c;
}

/* Levenshtein's distance, without regard to case. */
static size_t
edit_distance(const char *a, const char *b)
{
	size_t row[NAME_MAX_GUESS + 1], n = strlen(b), corner, above;

	if (strlen(a) > NAME_MAX_GUESS || n > NAME_MAX_GUESS)
		return NAME_MAX_GUESS;
	for (size_t j = 0; j <= n; j++)
		row[j] = j;
	for (size_t i = 1; a[i - 1] != '\0'; i++) {
		corner = row[0];
		row[0] = i;
		for (size_t j = 1; j <= n; j++) {
			above = row[j];
			row[j] = least(row[j] + 1, row[j - 1] + 1,
			    corner + (strncasecmp(&a[i - 1], &b[j - 1], 1) != 0));
			corner = above;
		}
	}
	return row[n];
}

static int
fail_unknown(struct conf_reader *r, const struct json *node, const struct conf_key *keys)
{
	const struct conf_key *near = NULL;
	size_t best = 3, distance;

	for (; keys->name != NULL; keys++) {
		distance = edit_distance(node->key, keys->name);
		if (distance < best && distance < strlen(keys->name)) {
			best = distance;
			near = keys;
		}
	}
	if (near != NULL)
		return conf_fail_key(r, node, "this key is unknown; did you mean \"%s\"?", near->name);
	return conf_fail_key(r, node, "this key is unknown here; remove it");
}

int
conf_read_object(struct conf_reader *r, const struct json *object, const struct conf_key *keys, void *base)
{
	const struct conf_key *key;
	const struct json *node;
	int err;

	if ((err = conf_want(r, object, JSON_OBJECT)) != 0)
		return err;
	for (node = object->first; node != NULL; node = node->next) {
		for (key = keys; key->name != NULL && strcmp(key->name, node->key) != 0; key++)
			;
		if (key->name == NULL)
			return fail_unknown(r, node, keys);
	}
	for (key = keys; key->name != NULL; key++) {
		node = json_member(object, key->name);
		if (node == NULL && key->required)
			return conf_fail(r, object, "the key \"%s\" is missing; add it", key->name);
		if (node != NULL && (err = key->type->read(r, node, key, (char *)base + key->offset)) != 0)
			return err;
	}
	return 0;
}

void
conf_print_object(yajl_gen gen, const struct conf_key *keys, const void *base)
{
	yajl_gen_map_open(gen);
	for (; keys->name != NULL; keys++)
		if (keys->type->print != NULL)
			keys->type->print(gen, keys, (const char *)base + keys->offset);
	yajl_gen_map_close(gen);
}

void
conf_print_string(yajl_gen gen, const char *text)
{
	yajl_gen_string(gen, (const unsigned char *)text, strlen(text));
}

static int
read_section(struct conf_reader *r, const struct json *node, const struct conf_key *key, void *field)
{
	return conf_read_object(r, node, key->arg, field);
}

static void
print_section(yajl_gen gen, const struct conf_key *key, const void *field)
{
	conf_print_string(gen, key->name);
	conf_print_object(gen, key->arg, field);
}

const struct conf_type conf_section = { read_section, print_section };

static int
read_boolean(struct conf_reader *r, const struct json *node, const struct conf_key *key, void *field)
{
	(void)key;
	*(bool *)field = node->truth;
	return conf_want(r, node, JSON_BOOLEAN);
}

static void
print_boolean(yajl_gen gen, const struct conf_key *key, const void *field)
{
	conf_print_string(gen, key->name);
	yajl_gen_bool(gen, *(const bool *)field);
}

const struct conf_type conf_boolean = { read_boolean, print_boolean };

int
conf_read_string(struct conf_reader *r, const struct json *node, const struct conf_key *key, void *field)
{
	int err = conf_want(r, node, JSON_STRING);

	(void)key;
	if (err != 0)
		return err;
	*(const char **)field = arena_text(r->arena, node->text, node->len);
	return *(const char **)field != NULL ? 0 : conf_fail(r, node, "no memory is left; make the file smaller");
}

void
conf_print_text(yajl_gen gen, const struct conf_key *key, const void *field)
{
	const char *text = *(const char *const *)field;

	if (text == NULL)
		return;
	conf_print_string(gen, key->name);
	conf_print_string(gen, text);
}

const struct conf_type conf_string = { conf_read_string, conf_print_text };

static int
read_words(struct conf_reader *r, const struct json *node, const struct conf_key *key, void *field)
{
	const struct conf_word *words = key->arg, *w;
	char choice[256] = "";
	size_t used = 0;
	int err = conf_want(r, node, JSON_STRING);

	if (err != 0)
		return err;
	for (w = words; w->word != NULL; w++) {
		if (strcasecmp(w->word, node->text) == 0) {
			*(int *)field = w->value;
			return 0;
		}
		used += (size_t)snprintf(choice + used, sizeof(choice) - used, "%s\"%s\"",
		    w == words ? "" : w[1].word == NULL ? " or " : ", ", w->word);
	}
	return conf_fail(r, node, "\"%.60s\" is not one of its values; write %s", node->text, choice);
}

static void
print_words(yajl_gen gen, const struct conf_key *key, const void *field)
{
	for (const struct conf_word *w = key->arg; w->word != NULL; w++) {
		if (w->value == *(const int *)field) {
			conf_print_string(gen, key->name);
			conf_print_string(gen, w->word);
			return;
		}
	}
}

const struct conf_type conf_words = { read_words, print_words };

static int
read_number(struct conf_reader *r, const struct json *node, const struct conf_range *range, bool whole, double *out)
{
	int err = conf_want(r, node, JSON_NUMBER);

	if (err != 0)
		return err;
	if (whole && strspn(node->text, "-0123456789") != node->len)
		return conf_fail(r, node, "%.40s is not a whole number; write digits only", node->text);
	*out = strtod(node->text, NULL);
	if (!(*out >= range->min && *out <= range->max))
		return conf_fail(r, node, "%.40s is out of range; write a number from %.10g to %.10g", node->text,
		    range->min, range->max);
	return 0;
}

int
conf_read_count(struct conf_reader *r, const struct json *node, const struct conf_key *key, void *field)
{
	double number;
	int err = read_number(r, node, key->arg, true, &number);

	if (err == 0)
		*(unsigned *)field = (unsigned)number;
	return err;
}

static void
print_count(yajl_gen gen, const struct conf_key *key, const void *field)
{
	conf_print_string(gen, key->name);
	yajl_gen_integer(gen, *(const unsigned *)field);
}

const struct conf_type conf_count = { conf_read_count, print_count };

static int
read_port(struct conf_reader *r, const struct json *node, const struct conf_key *key, void *field)
{
	double number;
	int err = read_number(r, node, &(struct conf_range){ 1, 65535 }, true, &number);

	(void)key;
	if (err == 0)
		*(uint16_t *)field = (uint16_t)number;
	return err;
}

static void
print_port(yajl_gen gen, const struct conf_key *key, const void *field)
{
	conf_print_string(gen, key->name);
	yajl_gen_integer(gen, *(const uint16_t *)field);
}

const struct conf_type conf_port = { read_port, print_port };

static int
read_seconds(struct conf_reader *r, const struct json *node, const struct conf_key *key, void *field)
{
	(void)key;
	return read_number(r, node, &(struct conf_range){ 0.001, 2592000 }, false, field);
}

/* The shortest text that reads as the same number. */
static void
print_seconds(yajl_gen gen, const struct conf_key *key, const void *field)
{
	double seconds = *(const double *)field;
	char text[40];
	int len = snprintf(text, sizeof(text), "%.15g", seconds);

	if (strtod(text, NULL) < seconds || strtod(text, NULL) > seconds)
		len = snprintf(text, sizeof(text), "%.17g", seconds);
	conf_print_string(gen, key->name);
	yajl_gen_number(gen, text, (size_t)len);
}

const struct conf_type conf_seconds = { read_seconds, print_seconds };

static int
read_unsupported(struct conf_reader *r, const struct json *node, const struct conf_key *key, void *field)
{
	(void)field;
	return conf_fail_key(r, node, "the key \"%s\" is not yet supported; remove it", key->name);
}

const struct conf_type conf_unsupported = { read_unsupported, NULL };
