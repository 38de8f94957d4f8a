#include "config.h"

#include "conf/conf_internal.h"

#include <yajl/yajl_parse.h>

const char *const json_types[] = {
	[JSON_NULL] = "null",
	[JSON_BOOLEAN] = "true or false; write it without quotes",
	[JSON_NUMBER] = "a number; write digits without quotes",
	[JSON_STRING] = "a string; write it in double quotes",
	[JSON_ARRAY] = "a list; write it between [ and ]",
	[JSON_OBJECT] = "an object; write keys and values between { and }",
};

struct json *
json_add(struct conf_reader *r, struct json *parent, const char *key)
{
	struct json *node = conf_alloc(r, parent, 1, sizeof(*node));

	if (node == NULL || parent == NULL)
		return node;
	node->parent = parent;
	node->key = key;
	node->index = parent->count++;
	if (parent->last == NULL)
		parent->first = node;
	else
		parent->last->next = node;
	parent->last = node;
	return node;
}

struct json *
json_member(const struct json *object, const char *key)
{
	struct json *node = object->first;

	while (node != NULL && strcmp(node->key, key) != 0)
		node = node->next;
	return node;
}

struct parser {
	struct conf_reader *reader;
	size_t              len;
	yajl_handle         yajl;
	bool                at_end;     /* the text is consumed, yajl_complete_parse() runs */
	struct json        *root, *open;        /* open: the innermost array or object that is not closed */
	size_t              depth;
};

/* A part of yajl's message, and our message. */
static const struct { const char *said, *sentence; } cures[] = {
	{ "premature EOF", "the text ends too early; close every \", { and [" },
	{ "trailing garbage", "text follows the end of the configuration; remove it" },
	{ "after key and value", "neither , nor } follows the value; write a comma between two keys" },
	{ "after array element", "neither , nor ] follows the value; write a comma between two values" },
	{ "unallowed token", "a value is missing; remove a comma too many, or write the value" },
	{ "invalid object key", "a key in double quotes is missing; remove a comma too many, or quote the key" },
	{ "separated by a colon", "no colon follows the key; write \"key\": value" },
	{ "invalid char in json", "this character is not allowed here; write text in double quotes" },
	{ "invalid string in json", "this word is unknown; write true, false, a number or text in double quotes" },
	{ "invalid bytes in UTF8", "the text is not UTF-8; save the file as UTF-8" },
	{ "invalid character inside string", "a string holds a line end or control character; close the string, or "
	    "write \\n or \\u00XX" },
	{ "occurs before a character which", "the character after \\ has no meaning; write \\\\ for a backslash" },
	{ "non-hex", "\\u needs four hexadecimal digits; write them, or \\\\ for a backslash" },
	{ "malformed number", "a digit is missing in this number; write it like 10 or 0.5" },
};

/* The offset behind the token that yajl read last. */
static size_t
token_end(const struct parser *p)
{
	return p->at_end ? p->len : yajl_get_bytes_consumed(p->yajl);
}

/* Quotes inside a string are escaped, so the nearest bare quote before its end begins it. */
static size_t
string_start(const struct parser *p)
{
	const char *text = p->reader->text;
	size_t i = token_end(p) - 1, slashes;

	while (i-- > 0) {
		if (text[i] != '"')
			continue;
		for (slashes = 0; slashes < i && text[i - 1 - slashes] == '\\'; slashes++)
			;
		if (slashes % 2 == 0)
			return i;
	}
	return 0;
}

/* The place of an error: the member whose value is missing, or the innermost open value. */
static const struct json *
place(const struct parser *p)
{
	const struct json *last = p->open != NULL ? p->open->last : NULL;

	return last != NULL && last->key != NULL && last->offset == 0 ? last : p->open;
}

static const char *
text_copy(struct parser *p, const char *text, size_t len, size_t offset)
{
	char *copy;

	if (memchr(text, '\0', len) != NULL) {
		conf_fail_at(p->reader, offset, place(p), "a string holds the character \\u0000; remove it");
		return NULL;
	}
	if ((copy = conf_alloc(p->reader, place(p), len + 1, 1)) != NULL)
		memcpy(copy, text, len);
	return copy;
}

/* Sets the value of the member just added, or adds an element or the root. Arrays and objects become the open one. */
static struct json *
value_add(struct parser *p, enum json_type type, const char *text, size_t len)
{
	bool opens = type == JSON_ARRAY || type == JSON_OBJECT;
	size_t offset = type == JSON_STRING ? string_start(p) : token_end(p) - len;
	const char *copy = text_copy(p, text, len, offset);
	struct json *node;

	if (opens && p->depth++ == JSON_DEPTH_MAX) {
		conf_fail_at(p->reader, offset, place(p), "more than %d levels are nested; remove some",
		    JSON_DEPTH_MAX);
		return NULL;
	}
	node = p->open != NULL && p->open->type == JSON_OBJECT ? p->open->last : json_add(p->reader, p->open, NULL);
	if (copy == NULL || node == NULL)
		return NULL;
	node->type = type;
	node->text = copy;
	node->len = (uint32_t)len;
	node->offset = (uint32_t)offset;
	if (p->open == NULL)
		p->root = node;
	if (opens)
		p->open = node;
	return node;
}

static int on_null(void *p) { return value_add(p, JSON_NULL, "null", 4) != NULL; }
static int on_start_map(void *p) { return value_add(p, JSON_OBJECT, "{", 1) != NULL; }
static int on_start_array(void *p) { return value_add(p, JSON_ARRAY, "[", 1) != NULL; }
static int on_number(void *p, const char *text, size_t len) { return value_add(p, JSON_NUMBER, text, len) != NULL; }

static int
on_boolean(void *parser, int truth)
{
	return value_add(parser, JSON_BOOLEAN, truth ? "true" : "false", truth ? 4 : 5) != NULL;
}

static int
on_string(void *parser, const unsigned char *text, size_t len)
{
	return value_add(parser, JSON_STRING, (const char *)text, len) != NULL;
}

static int
on_key(void *arg, const unsigned char *text, size_t len)
{
	struct parser *p = arg;
	size_t offset = string_start(p);
	const char *key = text_copy(p, (const char *)text, len, offset);
	const struct json *twin;

	if (key == NULL)
		return 0;
	if ((twin = json_member(p->open, key)) != NULL)
		return conf_fail_at(p->reader, offset, twin, "this key is given twice, first in line %zu; remove one",
		    conf_line(p->reader, twin->key_offset)) == 0;
	if (p->open->count == JSON_MEMBERS_MAX)
		return conf_fail_at(p->reader, offset, p->open, "the object has more than %d keys; remove some",
		    JSON_MEMBERS_MAX) == 0;
	if (json_add(p->reader, p->open, key) == NULL)
		return 0;
	p->open->last->key_offset = (uint32_t)offset;
	return 1;
}

static int
on_close(void *arg)
{
	struct parser *p = arg;

	p->open = p->open->parent;
	p->depth--;
	return 1;
}

/* yajl stops behind or inside the faulty token; the message points to its beginning. */
static size_t
error_offset(const struct parser *p)
{
	static const char word[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789+-._";
	const char *text = p->reader->text;
	size_t end = token_end(p);

	if (p->at_end)
		return p->len;
	if (end > 1 && text[end - 1] == '"')
		return string_start(p);
	if (end > 0)
		end--;
	if (memchr(word, text[end], strlen(word)) != NULL)
		while (end > 0 && memchr(word, text[end - 1], strlen(word)) != NULL)
			end--;
	return end > 0 && text[end - 1] == '"' ? end - 1 : end;
}

static void
syntax_error(struct parser *p)
{
	unsigned char *said = yajl_get_error(p->yajl, 0, (const unsigned char *)p->reader->text, p->len);
	const char *sentence = "this is not JSON; correct the text here";

	for (size_t i = 0; said != NULL && i < sizeof(cures) / sizeof(cures[0]); i++)
		if (strstr((const char *)said, cures[i].said) != NULL)
			sentence = cures[i].sentence;
	if (p->at_end && p->root == NULL)
		sentence = "the file holds nothing; write at least {}";
	conf_fail_at(p->reader, error_offset(p), place(p), "%s", sentence);
	yajl_free_error(p->yajl, said);
}

struct json *
json_parse(struct conf_reader *r, size_t len)
{
	static const yajl_callbacks callbacks = {
		.yajl_null = on_null, .yajl_boolean = on_boolean, .yajl_number = on_number, .yajl_string = on_string,
		.yajl_map_key = on_key, .yajl_start_map = on_start_map, .yajl_end_map = on_close,
		.yajl_start_array = on_start_array, .yajl_end_array = on_close,
	};
	struct parser p = { .reader = r, .len = len };
	yajl_status status;

	if ((p.yajl = yajl_alloc(&callbacks, NULL, &p)) == NULL) {
		conf_fail_at(r, 0, NULL, "out of memory; free some");
		return NULL;
	}
	yajl_config(p.yajl, yajl_allow_comments, 1);
	status = yajl_parse(p.yajl, (const unsigned char *)r->text, len);
	if (status == yajl_status_ok) {
		p.at_end = true;
		status = yajl_complete_parse(p.yajl);
	}
	if (status == yajl_status_error)
		syntax_error(&p);
	yajl_free(p.yajl);
	return status == yajl_status_ok ? p.root : NULL;
}
