/*
 * The verbs that ask the daemon, and their answers as text: a stream of objects is a table, an object is a list of its
 * members.
 */
#include "config.h"

#include <unistd.h>

#include "ctl/ask.h"
#include "ctl/show.h"

struct column { const char *title, *key; int width; bool right; };

#define FLOW_COLUMNS \
	{ "ID", "id", 6, true }, { "PROTO", "protocol", 5, false }, { "SOURCE", "source", 21, false }, \
	{ "DESTINATION", "destination", 21, false }, { "HOST", "host", 28, false }, { "VIA", "via", 4, false }, \
	{ "RULE", "rule", 4, true }, { "ACTION", "action", 6, false }, { "PROXY", "proxy", 5, true }, \
	{ "OUT", "out", 7, true }, { "IN", "in", 7, true }, { "AGE", "age_s", 7, true }, { NULL, NULL, 0, false }
static const struct column event_columns[] = { { "EVENT", "event", 5, false }, FLOW_COLUMNS };
static const struct column bypass_columns[] = { { "BYPASS", "bypass", 6, false }, FLOW_COLUMNS };
#define TALLY_COLUMNS \
	{ "ACTIVE", "active", 6, true }, { "CLOSED", "closed", 8, true }, { "FAILED", "failed", 6, true }, \
	{ "OUT", "out", 7, true }, { "IN", "in", 7, true }, { NULL, NULL, 0, false }
static const struct column rule_columns[] = {
	{ "ID", "id", 5, true }, { "NAME", "name", 20, false }, { "PATTERN", "pattern", 28, false },
	{ "ON", "enabled", 3, false }, { "ACTION", "action", 6, false }, { "PROXIES", "proxies", 7, false },
	TALLY_COLUMNS
};
static const struct column proxy_columns[] = {
	{ "ID", "id", 5, true }, { "NAME", "name", 20, false }, { "TYPE", "type", 6, false },
	{ "HOST", "host", 22, false }, { "PORT", "port", 5, true }, { "STATE", "state", 8, false },
	{ "UDP", "udp", 7, false }, { "NAMES", "names", 9, false }, TALLY_COLUMNS
};
static const struct column host_columns[] = { { "HOST", "host", 40, false }, TALLY_COLUMNS };

const char *
show_bytes(double bytes, char out[SHOW_MAX])
{
	static const char units[] = " KMGTPE";
	int unit = 0;

	while (bytes >= 999.5 && unit < 6) {
		bytes /= 1024;
		unit++;
	}
	snprintf(out, SHOW_MAX, unit == 0 ? "%.0f" : bytes < 9.95 ? "%.1f%c" : "%.0f%c", bytes, units[unit]);
	return out;
}

const char *
show_seconds(double s, char out[SHOW_MAX])
{
	const unsigned long n = (unsigned long)s;

	if (s < 100)
		snprintf(out, SHOW_MAX, "%.1fs", s);
	else if (n < 6000)
		snprintf(out, SHOW_MAX, "%lum%02lus", n / 60, n % 60);
	else if (n < 360000)
		snprintf(out, SHOW_MAX, "%luh%02lum", n / 3600, n / 60 % 60);
	else
		snprintf(out, SHOW_MAX, "%lud%02luh", n / 86400, n / 3600 % 24);
	return out;
}

static bool
ends_with(const char *key, const char *end)
{
	const size_t len = strlen(key), end_len = strlen(end);

	return len >= end_len && strcmp(key + len - end_len, end) == 0;
}

/* The unit of a number is in its name. */
static const char *
show_number(const char *key, double number, char out[SHOW_MAX])
{
	if (strcmp(key, "out") == 0 || strcmp(key, "in") == 0 || ends_with(key, "_bytes") ||
	    ends_with(key, "_bytes_per_s"))
		return show_bytes(number, out);
	if (ends_with(key, "_s"))
		return show_seconds(number, out);
	snprintf(out, SHOW_MAX, "%.0f", number);
	return out;
}

static void
show_list(yajl_val list, char out[SHOW_MAX])
{
	size_t used = 0;
	char item[SHOW_MAX];

	snprintf(out, SHOW_MAX, "-");
	for (size_t i = 0; i < list->u.array.len && used < SHOW_MAX; i++) {
		show_value("", list->u.array.values[i], item);
		used += (size_t)snprintf(out + used, SHOW_MAX - used, "%s%s", i > 0 ? "," : "", item);
	}
}

const char *
show_value(const char *key, yajl_val value, char out[SHOW_MAX])
{
	if (YAJL_IS_STRING(value))
		snprintf(out, SHOW_MAX, "%s", value->u.string[0] != '\0' ? value->u.string : "-");
	else if (YAJL_IS_INTEGER(value))
		show_number(key, (double)value->u.number.i, out);
	else if (YAJL_IS_DOUBLE(value))
		show_number(key, value->u.number.d, out);
	else if (YAJL_IS_ARRAY(value))
		show_list(value, out);
	else
		snprintf(out, SHOW_MAX, "%s", YAJL_IS_TRUE(value) ? "yes" : YAJL_IS_FALSE(value) ? "no" : "-");
	for (char *c = out; *c != '\0'; c++)    /* names of hosts come from the network */
		if ((unsigned char)*c < 0x20 || *c == 0x7f)
			*c = '?';
	return out;
}

static void
show_head(const struct column *columns)
{
	const bool bold = isatty(STDOUT_FILENO);

	printf("%s", bold ? "\033[1m" : "");
	for (const struct column *c = columns; c->title != NULL; c++)
		printf("%*s%s", c->right ? c->width : -c->width, c->title, c[1].title != NULL ? " " : "");
	printf("%s\n", bold ? "\033[0m" : "");
}

static void
show_row(const struct column *columns, yajl_val object)
{
	char text[SHOW_MAX];

	for (const struct column *c = columns; c->title != NULL; c++)
		printf("%*s%s", c->right ? c->width : -c->width, show_value(c->key, member(object, c->key), text),
		    c[1].title != NULL ? " " : "");
	putchar('\n');
}

/* A member's name for people. */
static const char *
title_of(const char *key)
{
	return strcmp(key, "direct_not_intercepted") == 0 ? "direct, not intercepted" : key;
}

/* Prints an object, a line for each member; members of objects inside it are indented. */
static void
show_object(yajl_val object, int indent)
{
	char text[SHOW_MAX];

	for (size_t i = 0; i < object->u.object.len; i++) {
		const char *key = object->u.object.keys[i];
		yajl_val value = object->u.object.values[i];

		if (indent == 0 && (strcmp(key, "v") == 0 || strcmp(key, "ok") == 0))
			continue;
		if (strcmp(key, "hosts") == 0) {
			putchar('\n');
			show_head(host_columns);
			for (size_t n = 0; n < value->u.array.len; n++)
				show_row(host_columns, value->u.array.values[n]);
			putchar('\n');
		} else if (YAJL_IS_OBJECT(value)) {
			printf("%*s%s\n", indent, "", key);
			show_object(value, indent + 2);
		} else {
			printf("%*s%-*s %s\n", indent, "", 20 - indent, title_of(key), show_value(key, value, text));
		}
	}
}

/* arg: the columns of a stream, or of one row; NULL: the answer is not a table. */
static void
show_line(const void *arg, yajl_val line, bool first)
{
	if (arg == NULL && member_text(line, "message") != NULL)
		printf("%s\n", member_text(line, "message"));
	else if (arg == NULL)
		show_object(line, 0);
	else if (first)
		show_head(arg);
	if (arg != NULL && (!first || member(line, "id") != NULL))
		show_row(arg, line);
}

/* Requests whose answer is a table, or that take an option. Other verbs answer with one object. */
static const struct query {
	const char          *verb, *option;
	enum ask_kind        kind;
	const struct column *columns;
	const char          *members;   /* of the request, behind the verb */
} queries[] = {
	{ "connections", "", ASK_STREAM, event_columns + 1, "" },
	{ "connections", "--all", ASK_STREAM, bypass_columns, ",\"all\":true" },
	{ "connections", "-w", ASK_WATCH, event_columns, ",\"watch\":true" },
	{ "events", "", ASK_WATCH, event_columns, "" },
	{ "proxies", "", ASK_STREAM, proxy_columns, "" },
	{ "rules", "", ASK_STREAM, rule_columns, "" },
};

int
query_run(const struct ctl *ctl, int argc, char **argv)
{
	const struct query object = { argv[0], "", ASK_LINE, NULL, "" }, *found = argc == 1 ? &object : NULL;
	char members[64];

	for (const struct query *q = queries; q < queries + sizeof(queries) / sizeof(queries[0]) && argc <= 2; q++)
		if (strcmp(q->verb, argv[0]) == 0 && strcmp(q->option, argc == 2 ? argv[1] : "") == 0)
			found = q;
	if (found == NULL)
		return CTL_USAGE;
	snprintf(members, sizeof(members), "\"verb\":\"%s\"%s", found->verb, found->members);
	return ask_run(ctl, found->kind, show_line, found->columns, members);
}

int
kill_run(const struct ctl *ctl, int argc, char **argv)
{
	char members[64], *end;
	const unsigned long long id = argc == 2 ? strtoull(argv[1], &end, 10) : 0;

	if (id == 0 || *end != '\0')
		return CTL_USAGE;
	snprintf(members, sizeof(members), "\"verb\":\"kill\",\"id\":%llu", id);
	return ask_run(ctl, ASK_LINE, show_line, event_columns + 1, members);
}
