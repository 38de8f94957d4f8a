/*
 * conf_key.h - the inside of conf: keys as rows of tables that are read and printed alike.
 *
 * An object of the configuration is a table of struct conf_key. A key has a type, which reads
 * a JSON value into a field and prints the field again. A new key is a row; a new sort of value
 * is a struct conf_type.
 *
 * Errors:  readers give 0 or EINVAL with the sentence in the report: what is wrong; the cure.
 */
#ifndef PFI_CONF_KEY_H
#define PFI_CONF_KEY_H

#include <yajl/yajl_gen.h>

#include "conf.h"
#include "conf_json.h"

struct conf_reader {
	const char          *file, *text;
	struct arena        *arena;             /* of the configuration that is made */
	struct conf         *conf;
	struct conf_report  *report;
	const void         **by_id;             /* conf->proxies, by rising id */
};

struct conf_key;

struct conf_type {
	int  (*read)(struct conf_reader *, const struct json *, const struct conf_key *, void *field);
	/* Prints name and value, or nothing for a field that was not given. NULL: never printed. */
	void (*print)(yajl_gen, const struct conf_key *, const void *field);
};

struct conf_key {
	const char             *name;           /* NULL ends a table */
	const struct conf_type *type;
	size_t                  offset;         /* of the field in the object's struct */
	const void             *arg;            /* what the type wants to know */
	bool                    required;
};

struct conf_word  { const char *word; int value; };             /* word NULL ends a list */
struct conf_range { double min, max; };

/* Reads the object into the struct at base: every key once, in the table's order. */
int  conf_read_object(struct conf_reader *, const struct json *, const struct conf_key *keys, void *base);
void conf_print_object(yajl_gen, const struct conf_key *keys, const void *base);

/* Reports an error at the value, at the name of its key, or at any offset of the text (node may be
 * NULL then): all give EINVAL. fmt is "what is wrong; the cure". */
int  conf_fail(struct conf_reader *, const struct json *, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));
int  conf_fail_key(struct conf_reader *, const struct json *, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));
int  conf_fail_at(struct conf_reader *, size_t offset, const struct json *, const char *fmt, ...)
    __attribute__((format(printf, 4, 5)));
void conf_warn(struct conf_reader *, const struct json *, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));

/* The error of node not being of the wanted type, with its cure; 0 when it is. */
int  conf_want(struct conf_reader *, const struct json *, enum json_type);

/* Zeroed memory of the configuration; NULL is reported as an error of node. */
void *conf_alloc(struct conf_reader *, const struct json *, size_t count, size_t size);

/* What other types are built of: the readers of conf_string and conf_count, their printers. */
int  conf_read_string(struct conf_reader *, const struct json *, const struct conf_key *, void *field);
int  conf_read_count(struct conf_reader *, const struct json *, const struct conf_key *, void *field);
void conf_print_text(yajl_gen, const struct conf_key *, const void *field);
void conf_print_string(yajl_gen, const char *text);

/* The range of ids. */
extern const struct conf_range conf_ids;

/* Pointers to the list's items, structs of size bytes that begin with their id, by rising id.
 * NULL when two are the same: reported. */
const void **conf_sort_by_id(struct conf_reader *, const struct json *list, const void *items, size_t size);
/* NULL when there is none. */
const struct conf_proxy *conf_find_proxy(const struct conf_reader *, unsigned id);

/* Types; what key->arg is, and the field. */
extern const struct conf_type conf_section;     /* table of keys; of the same struct */
extern const struct conf_type conf_boolean;     /* -; bool */
extern const struct conf_type conf_string;      /* -; const char *, NULL when not given */
extern const struct conf_type conf_words;       /* words; enum or int */
extern const struct conf_type conf_count;       /* range; unsigned */
extern const struct conf_type conf_port;        /* -; uint16_t */
extern const struct conf_type conf_seconds;     /* -; double */
extern const struct conf_type conf_unsupported; /* -; none: always an error */
extern const struct conf_type conf_mode;        /* "all" only; none */
extern const struct conf_type conf_ports;       /* struct port_list; arg not NULL: may be empty */
extern const struct conf_type conf_host;        /* const char * */
extern const struct conf_type conf_interface;   /* const char *, NULL when not given */
extern const struct conf_type conf_resolver;    /* union addr with port 53 unless given */
extern const struct conf_type conf_anchor;      /* char[CONF_ANCHOR_MAX + 1] */
extern const struct conf_type conf_user;        /* const char * */
extern const struct conf_type conf_exclude;     /* struct conf */
extern const struct conf_type conf_interfaces;  /* struct conf */
extern const struct conf_type conf_addresses;   /* struct conf */
extern const struct conf_type conf_servers;     /* struct conf */
extern const struct conf_type conf_proxies;     /* struct conf */
extern const struct conf_type conf_rules;       /* struct conf */
extern const struct conf_type conf_default_action;      /* struct conf */

#endif
