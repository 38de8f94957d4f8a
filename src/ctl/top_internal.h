/*
 * top_internal.h - the live view: top_data.c asks the daemon and keeps the flows, top.c draws them and reads keys.
 */
#pragma once

#include <uthash.h>

#include "ctl/ask.h"

#define HISTORY     512         /* seconds of the sparkline */
#define SUMMARY_MAX 4           /* proxies or rules shown above the table */
#define TEXT_MAX    64

enum sort { SORT_RATE, SORT_OUT, SORT_IN, SORT_AGE, SORT_HOST, SORTS };

/* A line of the table: a flow in the last answer, and its rate since the one before. */
struct row {
	UT_hash_handle hh;
	uint64_t id;
	bool     seen;
	char     proto[8], source[TEXT_MAX], host[256], action[8];
	double   rule, proxy, out, in, age, rate_out, rate_in;
};

struct top {
	struct client *client;
	struct row    *rows;
	struct row   **sorted;          /* those that match the filter */
	size_t         nsorted, selected, first;
	uint64_t       selected_id;
	enum sort      sort;
	bool           frozen, utf8;
	char           filter[TEXT_MAX], message[256];
	bool           by_rule;         /* the summary is of rules, not of proxies */
	yajl_val       status, summary[SUMMARY_MAX];
	size_t         nsummary;
	double         history[HISTORY];
	size_t         nhistory;
	double         all_out, all_in, rate_out, rate_in, uptime;
};

/* Asks the daemon for everything on the screen. False: it has gone, or gave an error, which is printed. */
bool top_refresh(struct top *);

/* Filters and sorts the rows of the table; the selection stays on its flow. */
void top_sort(struct top *);

/* Frees the data of the daemon's answers. */
void top_free(struct top *);
