/*
 * conf_json.h - JSON text as a tree whose nodes know where they stand in the text.
 *
 * RFC 8259, with comments in the manner of C and C++; names within an object are unique.
 *
 * Owner:   json_parse() fills an arena; the nodes live as long as that. Strings are copies,
 *          NUL-terminated, without NUL inside.
 * Units:   offsets are bytes from the start of the text; lines and columns count from 1, columns
 *          count characters.
 * Bounds:  JSON_DEPTH_MAX levels, JSON_NODES_MAX values, JSON_MEMBERS_MAX names in one object.
 */
#ifndef PFI_CONF_JSON_H
#define PFI_CONF_JSON_H

#include <stdbool.h>
#include <stddef.h>

#include "arena.h"

#define JSON_DEPTH_MAX   16
#define JSON_NODES_MAX   (8u << 20)
#define JSON_MEMBERS_MAX 64

enum json_type { JSON_NULL, JSON_BOOLEAN, JSON_NUMBER, JSON_STRING, JSON_ARRAY, JSON_OBJECT };

struct json {
	enum json_type type;
	bool           truth;           /* of a boolean */
	const char    *text;            /* of a string; of a number, as written */
	size_t         len;             /* of text */
	struct json   *first, *last;    /* what an array or object holds, in order */
	size_t         count;
	struct json   *next;            /* in the same array or object */
	struct json   *parent;
	const char    *key;             /* member of an object; else NULL */
	size_t         index;           /* element of an array */
	size_t         offset;          /* of the value */
	size_t         key_offset;
};

struct json_error {
	size_t       offset;
	struct json *node;              /* where it happened: the innermost open value; NULL: top */
	char         text[256];         /* a sentence: what is wrong; the cure */
};

/* The root, which is an object, or NULL with *error filled. */
struct json *json_parse(struct arena *, const char *text, size_t len, struct json_error *error);

/* The member of an object, or NULL. */
const struct json *json_member(const struct json *object, const char *key);

/* The element of an array; index is below its count. */
const struct json *json_element(const struct json *array, size_t index);

/* "a string", "an object", ... */
const char *json_type_name(enum json_type);

void json_position(const char *text, size_t offset, size_t *line, size_t *column);

/* "rules[0].proxy_id"; "(top)" for the root or NULL. Cut to fit. Returns buf. */
const char *json_path(const struct json *, char *buf, size_t size);

#endif
