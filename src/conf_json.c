#include "config.h"

#include "conf_json.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <yajl/yajl_parse.h>

struct parser {
	struct arena      *arena;
	const char        *text;
	size_t             len;
	yajl_handle        yajl;
	bool               at_end;      /* yajl counts from the end now */
	struct json       *root, *open; /* open: the innermost array or object not yet closed */
	struct json       *pending;     /* a member whose name was read, but not yet its value */
	size_t             depth, nodes;
	struct json_error *error;
};

/* What yajl says, and what a person can do about it. */
static const struct { const char *said, *sentence; } cures[] = {
	{ "premature EOF", "the text ends too early; close every \", { and [" },
	{ "trailing garbage", "text follows the end of the configuration; remove it" },
	{ "after key and value", "neither , nor } follows the value; write a comma between two keys" },
	{ "after array element", "neither , nor ] follows the value; write a comma between two values" },
	{ "unallowed token", "no value stands where one is wanted; remove a comma too many, or write the value" },
	{ "invalid object key", "no key in double quotes stands where one is wanted; remove a comma too many, or quote the key" },
	{ "separated by a colon", "no colon follows the key; write \"key\": value" },
	{ "invalid char in json", "this character cannot stand here; write text in double quotes" },
	{ "invalid string in json", "this word is unknown; write true, false, a number or text in double quotes" },
	{ "invalid bytes in UTF8", "the text is not UTF-8; save the file as UTF-8" },
	{ "invalid character inside string", "a string holds a line end or control character; close the string, or write \\n or \\u00XX" },
	{ "occurs before a character which", "the character after \\ has no meaning; write \\\\ for a backslash" },
	{ "non-hex", "\\u needs four hexadecimal digits; write them, or \\\\ for a backslash" },
	{ "malformed number", "a digit is missing in this number; write it like 10 or 0.5" },
};

static int __attribute__((format(printf, 3, 4)))
fail(struct parser *p, size_t offset, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(p->error->text, sizeof(p->error->text), fmt, ap);
	va_end(ap);
	p->error->offset = offset;
	p->error->node = p->pending != NULL ? p->pending : p->open;
	return 0;
}

/* The offset behind the token that yajl has just read. */
static size_t
token_end(const struct parser *p)
{
	return p->at_end ? p->len : yajl_get_bytes_consumed(p->yajl);
}

/* A string holds no bare quote, so the nearest one before its end begins it. */
static size_t
string_start(const struct parser *p)
{
	size_t i = token_end(p) - 1, slashes;

	while (i-- > 0) {
		if (p->text[i] != '"')
			continue;
		for (slashes = 0; slashes < i && p->text[i - 1 - slashes] == '\\'; slashes++)
			;
		if (slashes % 2 == 0)
			return i;
	}
	return 0;
}

static struct json *
node_new(struct parser *p, size_t offset)
{
	struct json *node;

	if (++p->nodes > JSON_NODES_MAX) {
		fail(p, offset, "the file holds more than %u values; make it smaller", JSON_NODES_MAX);
		return NULL;
	}
	node = arena_alloc(p->arena, 1, sizeof(*node));
	if (node == NULL) {
		fail(p, offset, "no memory is left; make the file smaller");
		return NULL;
	}
	node->parent = p->open;
	return node;
}

/* The node for a value that begins at offset: the pending member, a new element or the root. */
static struct json *
value_add(struct parser *p, enum json_type type, size_t offset)
{
	struct json *node = p->pending, *parent = p->open;

	if (node == NULL && (node = node_new(p, offset)) == NULL)
		return NULL;
	p->pending = NULL;
	node->type = type;
	node->offset = offset;
	if (parent == NULL) {
		p->root = node;
		return node;
	}
	node->index = parent->count++;
	if (parent->last == NULL)
		parent->first = node;
	else
		parent->last->next = node;
	parent->last = node;
	return node;
}

static const char *
text_copy(struct parser *p, const char *text, size_t len, size_t offset)
{
	const char *copy;

	if (memchr(text, '\0', len) != NULL) {
		fail(p, offset, "a string holds the character \\u0000; remove it");
		return NULL;
	}
	if ((copy = arena_text(p->arena, text, len)) == NULL)
		fail(p, offset, "no memory is left; make the file smaller");
	return copy;
}

static int
value_add_text(struct parser *p, enum json_type type, const char *text, size_t len, size_t offset)
{
	const char *copy = text_copy(p, text, len, offset);
	struct json *node = copy != NULL ? value_add(p, type, offset) : NULL;

	if (node == NULL)
		return 0;
	node->text = copy;
	node->len = len;
	return 1;
}

static int
on_null(void *arg)
{
	struct parser *p = arg;

	return value_add(p, JSON_NULL, token_end(p) - 4) != NULL;
}

static int
on_boolean(void *arg, int truth)
{
	struct parser *p = arg;
	struct json *node = value_add(p, JSON_BOOLEAN, token_end(p) - (truth ? 4 : 5));

	if (node == NULL)
		return 0;
	node->truth = truth != 0;
	return 1;
}

static int
on_number(void *arg, const char *text, size_t len)
{
	struct parser *p = arg;

	return value_add_text(p, JSON_NUMBER, text, len, token_end(p) - len);
}

static int
on_string(void *arg, const unsigned char *text, size_t len)
{
	struct parser *p = arg;

	return value_add_text(p, JSON_STRING, (const char *)text, len, string_start(p));
}

static int
on_key(void *arg, const unsigned char *text, size_t len)
{
	struct parser *p = arg;
	size_t offset = string_start(p), line, column;
	const struct json *twin;
	struct json *node;

	if ((node = node_new(p, offset)) == NULL)
		return 0;
	if ((node->key = text_copy(p, (const char *)text, len, offset)) == NULL)
		return 0;
	node->key_offset = offset;
	p->pending = node;
	if ((twin = json_member(p->open, node->key)) != NULL) {
		json_position(p->text, twin->key_offset, &line, &column);
		return fail(p, offset, "this key stands here twice, first in line %zu; remove one", line);
	}
	if (p->open->count == JSON_MEMBERS_MAX)
		return fail(p, offset, "the object has more than %d keys; remove some", JSON_MEMBERS_MAX);
	return 1;
}

static int
on_open(struct parser *p, enum json_type type)
{
	size_t offset = token_end(p) - 1;
	struct json *node;

	if (p->depth == JSON_DEPTH_MAX)
		return fail(p, offset, "more than %d levels are nested; remove some", JSON_DEPTH_MAX);
	if ((node = value_add(p, type, offset)) == NULL)
		return 0;
	p->open = node;
	p->depth++;
	return 1;
}

static int
on_start_map(void *arg)
{
	return on_open(arg, JSON_OBJECT);
}

static int
on_start_array(void *arg)
{
	return on_open(arg, JSON_ARRAY);
}

static int
on_close(void *arg)
{
	struct parser *p = arg;

	p->open = p->open->parent;
	p->depth--;
	return 1;
}

static const yajl_callbacks callbacks = {
	.yajl_null = on_null,
	.yajl_boolean = on_boolean,
	.yajl_number = on_number,
	.yajl_string = on_string,
	.yajl_map_key = on_key,
	.yajl_start_map = on_start_map,
	.yajl_end_map = on_close,
	.yajl_start_array = on_start_array,
	.yajl_end_array = on_close,
};

/* yajl stops behind or inside the token that it dislikes; people look for where that begins. */
static size_t
error_offset(const struct parser *p)
{
	size_t end = token_end(p);
	const char *word = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789+-._";

	if (p->at_end)
		return p->len;
	if (end > 1 && p->text[end - 1] == '"')
		return string_start(p);
	if (end > 0)
		end--;
	if (memchr(word, p->text[end], strlen(word)) != NULL)
		while (end > 0 && memchr(word, p->text[end - 1], strlen(word)) != NULL)
			end--;
	return end > 0 && p->text[end - 1] == '"' ? end - 1 : end;
}

static void
syntax_error(struct parser *p)
{
	unsigned char *said = yajl_get_error(p->yajl, 0, (const unsigned char *)p->text, p->len);
	const char *sentence = "this is not JSON; mend the text here";

	for (size_t i = 0; said != NULL && i < sizeof(cures) / sizeof(cures[0]); i++)
		if (strstr((const char *)said, cures[i].said) != NULL)
			sentence = cures[i].sentence;
	if (p->at_end && p->root == NULL)
		sentence = "the file holds nothing; write at least {}";
	fail(p, error_offset(p), "%s", sentence);
	yajl_free_error(p->yajl, said);
}

struct json *
json_parse(struct arena *arena, const char *text, size_t len, struct json_error *error)
{
	struct parser p = { .arena = arena, .text = text, .len = len, .error = error };
	yajl_status status;

	memset(error, 0, sizeof(*error));
	p.yajl = yajl_alloc(&callbacks, NULL, &p);
	if (p.yajl == NULL) {
		fail(&p, 0, "no memory is left; free some");
		return NULL;
	}
	yajl_config(p.yajl, yajl_allow_comments, 1);
	status = yajl_parse(p.yajl, (const unsigned char *)text, len);
	if (status == yajl_status_ok) {
		p.at_end = true;
		status = yajl_complete_parse(p.yajl);
	}
	if (status == yajl_status_error)
		syntax_error(&p);
	else if (status == yajl_status_ok && p.root->type != JSON_OBJECT)
		fail(&p, p.root->offset, "the file holds %s; write an object: { ... }", json_type_name(p.root->type));
	yajl_free(p.yajl);
	return error->text[0] == '\0' ? p.root : NULL;
}

const struct json *
json_member(const struct json *object, const char *key)
{
	const struct json *node;

	for (node = object->first; node != NULL; node = node->next)
		if (strcmp(node->key, key) == 0)
			return node;
	return NULL;
}

const struct json *
json_element(const struct json *array, size_t index)
{
	const struct json *node = array->first;

	while (index-- > 0)
		node = node->next;
	return node;
}

const char *
json_type_name(enum json_type type)
{
	static const char *const names[] = {
		[JSON_NULL] = "null", [JSON_BOOLEAN] = "true or false", [JSON_NUMBER] = "a number",
		[JSON_STRING] = "a string", [JSON_ARRAY] = "a list", [JSON_OBJECT] = "an object",
	};

	return names[type];
}

void
json_position(const char *text, size_t offset, size_t *line, size_t *column)
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

const char *
json_path(const struct json *node, char *buf, size_t size)
{
	const struct json *chain[JSON_DEPTH_MAX + 1];
	size_t n = 0, used = 0;
	int wrote;

	for (; node != NULL && node->parent != NULL && n < JSON_DEPTH_MAX + 1; node = node->parent)
		chain[n++] = node;
	snprintf(buf, size, "(top)");
	while (n-- > 0 && used < size) {
		if (chain[n]->key != NULL)
			wrote = snprintf(buf + used, size - used, "%s%s", used > 0 ? "." : "", chain[n]->key);
		else
			wrote = snprintf(buf + used, size - used, "[%zu]", chain[n]->index);
		used += (size_t)wrote;
	}
	return buf;
}
