/*
 * conf_internal.h - the inside of conf: JSON as a tree, keys as rows of tables, and messages with their place.
 *
 * The text (RFC 8259, with comments as in C and C++; keys are unique in an object) becomes a tree of values with their
 * offsets. A table of struct conf_key describes an object: its keys, the type of each value, the function that reads
 * the value into a field, and the default. A new key is a row; a new type of value is a function.
 *
 * Layers:  report.c; conf_json.c (tree and parser); conf_key.c (tables); conf_value.c, conf_rules.c,
 *          conf_fake_ip.c, conf_mode.c, conf_nat64.c, conf_overlap.c (functions of the rows); conf.c (tables).
 * Owner:   all memory, the tree included, belongs to the arena of the configuration.
 * Units:   offsets are bytes from the start of the text.
 * Errors:  0 or EINVAL; NULL for pointers. The function that finds an error reports it.
 * Bounds:  JSON_DEPTH_MAX levels, JSON_MEMBERS_MAX keys in one object.
 */
#pragma once

#include "conf/conf.h"

#define JSON_DEPTH_MAX   16
#define JSON_MEMBERS_MAX 64

enum json_type { JSON_NULL, JSON_BOOLEAN, JSON_NUMBER, JSON_STRING, JSON_ARRAY, JSON_OBJECT };
extern const char *const json_types[];  /* "a number; write digits without quotes", ... */

struct json {
	const char    *text;            /* of a string its content, without NUL; else as written */
	const char    *key;             /* member of an object; else NULL */
	struct json   *first, *last;    /* children of an array or object, in order */
	struct json   *next, *parent;
	enum json_type type;
	/* 32 bits are enough for CONF_FILE_MAX, and save memory. */
	uint32_t       len;             /* of text */
	uint32_t       count;           /* of children */
	uint32_t       index;           /* in the parent */
	uint32_t       offset;          /* of the value; 0 for a default (and for the root) */
	uint32_t       key_offset;
};

struct conf_reader {
	const char          *file, *text;
	struct conf         *conf;
	struct conf_report  *report;
	conf_loader         *loader;    /* NULL: pattern files and users cannot be looked up */
	void                *arg;       /* of loader */
};

/* 0 for NULL. */
static inline size_t
json_offset(const struct json *node)
{
	return node != NULL ? node->offset : 0;
}

/* Parses the text; returns the root. */
struct json *json_parse(struct conf_reader *, size_t len);
/* Adds a value without type at the end of parent; parent and key may be NULL. */
struct json *json_add(struct conf_reader *, struct json *parent, const char *key);
/* The member of an object; NULL when there is none. */
struct json *json_member(const struct json *object, const char *key);

/* Reports an error at the value (NULL: the top), or at any offset of the text. Returns EINVAL. The format is "fault;
 * cure". */
#define conf_fail(reader, node, ...) conf_fail_at((reader), json_offset(node), (node), __VA_ARGS__)
int  conf_fail_at(struct conf_reader *, size_t offset, const struct json *, const char *fmt, ...)
    __attribute__((format(printf, 4, 5)));
/* The line of an offset in the text, from 1. */
size_t conf_line(const struct conf_reader *, size_t offset);
/* Reports an error in a line of a pattern file. */
int  conf_fail_line(struct conf_reader *, const char *path, size_t line, const char *sentence);
void conf_warn(struct conf_reader *, const struct json *, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));

/* Zeroed memory for count objects. NULL: reported at the value. */
void *conf_alloc(struct conf_reader *, const struct json *, size_t count, size_t size);

/* Warns of rules that earlier ones shadow, in whole or in part. Needs conf->matcher. */
void conf_warn_overlaps(struct conf_reader *, const struct json *rules);

/* The words of intercept.mode, in the order of enum conf_mode, and the default of intercept.sniff_ports. */
extern const char *const conf_modes[];
extern const char conf_sniff_default[];
/* Replaces intercept.mode "auto" by "all" or "matched", and keeps the part of sniff_ports that is in tcp_ports. */
int conf_finish_mode(struct conf_reader *, const struct json *intercept);

struct conf_key;
typedef int conf_read_fn(struct conf_reader *, struct json *, const struct conf_key *, void *field);

struct conf_key {
	const char    *name;            /* NULL ends a table */
	enum json_type type;            /* JSON_NULL: any, the function checks it */
	conf_read_fn  *read;            /* NULL: the field is a bool or const char * */
	size_t         offset;          /* of the field in the object's struct */
	const void    *arg;             /* for the function */
	const char    *otherwise;       /* the default, without quotes; of a list its strings, each with a NUL
	                                 * behind it; NULL: no default */
};

/* As `otherwise`: the key is required. */
extern const char conf_required[];

struct conf_list {
	struct conf_key item;
	size_t          size;           /* of an item's field */
	const char     *unique;         /* a number that no two objects of the list share; NULL: none */
};
extern const struct conf_list conf_proxies, conf_rules;

struct conf_number {
	double min, max;
	enum { CONF_UNSIGNED, CONF_UINT16, CONF_DOUBLE } field;         /* the first two: whole numbers */
};
extern const struct conf_number conf_port;

struct conf_word { size_t max; const char *sentence; };         /* longest; "not a NAME; CURE" for other text */
extern const struct conf_word conf_interface;

/* Checks the type of the value and reads it into the field at base + key->offset. */
int conf_read_value(struct conf_reader *, struct json *, const struct conf_key *, void *base);

/* The value; key->arg; the field. The field of a list is a pointer followed by a size_t count. */
conf_read_fn conf_read_object;          /* keys in the table's order; the table; its struct */
conf_read_fn conf_read_list;            /* struct conf_list; a list */
conf_read_fn conf_read_words;           /* words, then NULL; enum or int: index of the word */
conf_read_fn conf_read_number;          /* struct conf_number; its type of field */
conf_read_fn conf_read_ports;           /* NULL: may not be empty; struct port_list */
conf_read_fn conf_read_host;            /* -; const char * */
conf_read_fn conf_read_word;            /* struct conf_word; const char * */
conf_read_fn conf_read_anchor;          /* -; char[CONF_ANCHOR_MAX + 1] */
conf_read_fn conf_read_network;         /* -; struct network */
conf_read_fn conf_read_address;         /* -; union addr without port */
conf_read_fn conf_read_addresses;       /* struct conf_list; a list of 1 to CONF_LISTEN_MAX different ones */
conf_read_fn conf_read_resolver;        /* -; union addr, with port 53 unless given */
conf_read_fn conf_read_servers;         /* "system" or resolvers; struct conf_list; a list */
conf_read_fn conf_read_path;            /* -; const char *: absolute, or "" */
conf_read_fn conf_read_socket;          /* -; struct conf_socket */
conf_read_fn conf_read_nat64;           /* struct conf_list; a list */
conf_read_fn conf_read_fake_ip;         /* "auto", "off" or a list; struct conf_list; a list */
conf_read_fn conf_read_rules;           /* conf_rules; a list */
