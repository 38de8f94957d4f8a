/*
 * client.h - pfinterceptctl's side of the control socket: asks, and reads answers line by line.
 *
 * Owner:   client_open() makes one, client_close() ends it. A line's JSON is the caller's to free.
 * Errors:  are said on standard error, with the cure.
 */
#ifndef PFI_CTL_CLIENT_H
#define PFI_CTL_CLIENT_H

#include <yajl/yajl_tree.h>

#include "ctl/ctl.h"

#define CLIENT_WHY_MAX (CONF_PATH_MAX + 128)

struct client;

/* Connects to the daemon: at ctl->socket, else where the configuration says. NULL: said why not. */
struct client *client_open(const struct ctl *);
/* The same for one who waits no longer than seconds (0: for ever) for a line. NULL: why tells, with the cure. */
struct client *client_try(const struct ctl *, unsigned seconds, char why[CLIENT_WHY_MAX]);
void client_close(struct client *);
int  client_fd(const struct client *);

/* Sends a request; fmt is its JSON without the braces and version: "\"verb\":\"kill\",\"id\":5". False: said why not. */
bool client_ask(struct client *, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/* The next line, as text (borrowed until the next call) and parsed; NULL: the daemon is gone (not said). */
yajl_val client_line(struct client *, const char **text);
/* The first line of an answer. NULL: it was an error, or none came; said so. */
yajl_val client_answer(struct client *, const char **text);

/* One request (as for client_ask()) from beginning to end: with -j all lines of its answer are printed as they are, else
 * each is shown. first: it begins a stream, or is all there is. An exit status. */
enum client_kind { CLIENT_LINE, CLIENT_STREAM, CLIENT_EVENTS };         /* EVENTS: without end, each line at once */
typedef void client_show(const void *arg, yajl_val line, bool first);
int client_run(const struct ctl *, enum client_kind, client_show *, const void *arg, const char *fmt, ...)
    __attribute__((format(printf, 5, 6)));

/* Members of an object; a missing one is NULL, 0 or false. */
yajl_val    member(yajl_val, const char *key);
const char *member_text(yajl_val, const char *key);
double      member_number(yajl_val, const char *key);
bool        member_true(yajl_val, const char *key);

#endif
