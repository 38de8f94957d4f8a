/*
 * ask.h - asks the daemon for a verb: finds its socket, sends one request, prints the answer.
 *
 * Errors:  messages go to standard error, with the cure.
 */
#pragma once

#include "client/client.h"
#include "ctl/ctl.h"

#define ASK_WHY_MAX (CONF_PATH_MAX + 128)

enum ask_kind {
	ASK_LINE,                       /* the answer is one line */
	ASK_STREAM,                     /* ... a line for each object, and one with "end" */
	ASK_WATCH                       /* ... a line for each event, without end; printed at once */
};

/* Shows one line of an answer. first: it begins a stream, or is the only line. */
typedef void ask_show(const void *arg, yajl_val line, bool first);

/* Connects to ctl->socket, else to the socket that the configuration names. seconds: the longest wait for a line; 0: no
 * limit. NULL: why has the reason and the cure. */
struct client *ask_open(const struct ctl *, unsigned seconds, char why[ASK_WHY_MAX]);

/* Sends a request (as for client_ask()) and reads the first line of its answer. NULL: an error, which is printed. */
yajl_val ask_first(struct client *, const char **text, const char *members);

/* Runs one request from beginning to end. With -j the lines of the answer are printed unchanged, else show() prints
 * them. An exit status. */
int ask_run(const struct ctl *, enum ask_kind, ask_show *show, const void *arg, const char *members);
