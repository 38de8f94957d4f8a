#include "config.h"

#include "ctl/top_internal.h"

#include "ctl/show.h"

/* Copies a member's text. */
static void
row_text(char *out, size_t size, yajl_val flow, const char *key)
{
	char text[SHOW_MAX];

	snprintf(out, size, "%.*s", (int)size - 1, show_value("", member(flow, key), text));
}

static void
row_fill(struct row *row, yajl_val flow)
{
	const double out = member_number(flow, "out"), in = member_number(flow, "in");
	const double age = member_number(flow, "age_s"), passed = age - row->age;
	const char *host = member_text(flow, "host"), *destination = member_text(flow, "destination");
	const char *port = destination != NULL ? strrchr(destination, ':') : NULL;

	row->rate_out = passed > 0 ? (out - row->out) / passed : 0;
	row->rate_in = passed > 0 ? (in - row->in) / passed : 0;
	row->out = out;
	row->in = in;
	row->age = age;
	row->rule = member_number(flow, "rule");
	row->proxy = member_number(flow, "proxy");
	row_text(row->proto, sizeof(row->proto), flow, "protocol");
	row_text(row->source, sizeof(row->source), flow, "source");
	row_text(row->action, sizeof(row->action), flow, "action");
	row_text(row->host, sizeof(row->host), flow, host != NULL ? "host" : "destination");
	if (host != NULL && port != NULL && strlen(row->host) + strlen(port) < sizeof(row->host))
		strcat(row->host, port);
}

static void
row_take(struct top *t, yajl_val flow)
{
	uint64_t id = (uint64_t)member_number(flow, "id");
	struct row *row;

	HASH_FIND(hh, t->rows, &id, sizeof(id), row);
	if (row == NULL && (row = calloc(1, sizeof(*row))) != NULL) {
		row->id = id;
		HASH_ADD(hh, t->rows, id, sizeof(row->id), row);
	}
	if (row != NULL) {
		row_fill(row, flow);
		row->seen = true;
	}
	yajl_tree_free(flow);
}

static void
rows_forget(struct top *t, bool all)
{
	struct row *row, *next;

	HASH_ITER(hh, t->rows, row, next) {
		if (row->seen && !all) {
			row->seen = false;
			continue;
		}
		HASH_DEL(t->rows, row);
		free(row);
	}
}

/* Asks for a stream and gives each object to take(), which owns it. False: the daemon is gone. */
static bool
top_stream(struct top *t, const char *verb, void (*take)(struct top *, yajl_val))
{
	char members[32];
	bool end = false;
	yajl_val line;

	snprintf(members, sizeof(members), "\"verb\":\"%s\"", verb);
	line = ask_first(t->client, NULL, members);
	yajl_tree_free(line);
	while (!end && line != NULL) {
		line = client_line(t->client, NULL);
		end = member_true(line, "end");
		if (end)
			yajl_tree_free(line);
		else if (line != NULL)
			take(t, line);
	}
	return end;
}

static double
summary_bytes(yajl_val row)
{
	return member_number(row, "out") + member_number(row, "in");
}

/* Keeps the SUMMARY_MAX rows with the most bytes, in the daemon's order. */
static void
summary_take(struct top *t, yajl_val row)
{
	size_t least = 0;

	if (t->nsummary < SUMMARY_MAX) {
		t->summary[t->nsummary++] = row;
		return;
	}
	for (size_t i = 1; i < SUMMARY_MAX; i++)
		if (summary_bytes(t->summary[i]) < summary_bytes(t->summary[least]))
			least = i;
	if (summary_bytes(row) <= summary_bytes(t->summary[least])) {
		yajl_tree_free(row);
		return;
	}
	yajl_tree_free(t->summary[least]);
	memmove(&t->summary[least], &t->summary[least + 1], (SUMMARY_MAX - 1 - least) * sizeof(t->summary[0]));
	t->summary[SUMMARY_MAX - 1] = row;
}

static void
top_rates(struct top *t)
{
	const double uptime = member_number(t->status, "uptime_s"), out = member_number(t->status, "out");
	const double in = member_number(t->status, "in"), passed = t->uptime > 0 ? uptime - t->uptime : 0;

	t->rate_out = passed > 0 ? (out - t->all_out) / passed : 0;
	t->rate_in = passed > 0 ? (in - t->all_in) / passed : 0;
	t->all_out = out;
	t->all_in = in;
	t->uptime = uptime;
	t->history[t->nhistory++ % HISTORY] = t->rate_out + t->rate_in;
}

bool
top_refresh(struct top *t)
{
	while (t->nsummary > 0)
		yajl_tree_free(t->summary[--t->nsummary]);
	yajl_tree_free(t->status);
	t->status = ask_first(t->client, NULL, "\"verb\":\"status\"");
	if (t->status == NULL || !top_stream(t, t->by_rule ? "rules" : "proxies", summary_take) ||
	    !top_stream(t, "connections", row_take))
		return false;
	rows_forget(t, false);
	top_rates(t);
	return true;
}

static double
row_weight(const struct row *row, enum sort sort)
{
	switch (sort) {
	case SORT_RATE: return row->rate_out + row->rate_in;
	case SORT_OUT:  return row->out;
	case SORT_IN:   return row->in;
	default:        return row->age;
	}
}

static enum sort sorting;       /* qsort(3) passes nothing through */

static int
row_compare(const void *a, const void *b)
{
	const struct row *x = *(struct row *const *)a, *y = *(struct row *const *)b;
	const double wx = row_weight(x, sorting), wy = row_weight(y, sorting);
	int order = sorting == SORT_HOST ? strcmp(x->host, y->host) : wx < wy ? 1 : wx > wy ? -1 : 0;

	return order != 0 ? order : x->id < y->id ? 1 : -1;
}

static bool
row_is_shown(const struct top *t, const struct row *row)
{
	return t->filter[0] == '\0' || strstr(row->host, t->filter) != NULL || strstr(row->source, t->filter) != NULL ||
	    strcmp(row->action, t->filter) == 0 || strcmp(row->proto, t->filter) == 0;
}

void
top_sort(struct top *t)
{
	struct row *row, *next, **sorted = realloc(t->sorted, (HASH_COUNT(t->rows) + 1) * sizeof(*sorted));

	t->nsorted = 0;
	if (sorted == NULL)
		return;
	t->sorted = sorted;
	HASH_ITER(hh, t->rows, row, next)
		if (row_is_shown(t, row))
			t->sorted[t->nsorted++] = row;
	sorting = t->sort;
	qsort(t->sorted, t->nsorted, sizeof(*t->sorted), row_compare);
	for (size_t i = 0; i < t->nsorted; i++)
		if (t->sorted[i]->id == t->selected_id)
			t->selected = i;
	if (t->selected >= t->nsorted)
		t->selected = t->nsorted > 0 ? t->nsorted - 1 : 0;
	t->selected_id = t->nsorted > 0 ? t->sorted[t->selected]->id : 0;
}

void
top_free(struct top *t)
{
	rows_forget(t, true);
	free(t->sorted);
	while (t->nsummary > 0)
		yajl_tree_free(t->summary[--t->nsummary]);
	yajl_tree_free(t->status);
}
