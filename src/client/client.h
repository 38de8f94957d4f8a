/*
 * client.h - the client's side of the control protocol (pfinterceptctl(8), PROTOCOL): requests and answers as lines.
 *
 * Owner:   client_open() makes a client, client_close() frees it. A parsed line belongs to the caller, who frees it
 *          with yajl_tree_free(); its text is valid until the next line is read.
 * Errors:  0 or an errno value; EPIPE: the daemon has closed the connection. The caller ignores SIGPIPE.
 * Bounds:  a longer request than CONTROL_LINE_MAX is EMSGSIZE.
 * Threads: a client belongs to one thread.
 */
#pragma once

#include <yajl/yajl_tree.h>

struct client;

/* Connects to the socket at path. seconds: the longest wait for a line; 0: no limit. */
int  client_open(const char *path, unsigned seconds, struct client **);
void client_close(struct client *);

/* Sends a request; fmt is its JSON without the braces and the version: "\"verb\":\"kill\",\"id\":5". */
int client_ask(struct client *, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/* Reads the next line: its JSON, and its text in *text unless text is NULL. NULL: the daemon has closed the connection,
 * or sent nothing for too long. */
yajl_val client_line(struct client *, const char **text);

/* Members of an object; a missing one is NULL, 0 or false. */
yajl_val    member(yajl_val object, const char *key);
const char *member_text(yajl_val object, const char *key);
double      member_number(yajl_val object, const char *key);
bool        member_true(yajl_val object, const char *key);
