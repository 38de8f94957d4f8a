/*
 * control_internal.h - the inside of the control socket: one client, and the calls with which a verb answers it.
 */
#pragma once

#include <sys/queue.h>

#include <ev.h>
#include <yajl/yajl_gen.h>

#include "base/buffer.h"
#include "worker/control/control_request.h"
#include "worker/control/control.h"

struct control_client {
	LIST_ENTRY(control_client)  next;
	struct control             *control;
	enum control_kind           kind;
	int                         fd;
	ev_io                       readable, writable;
	ev_timer                    stalled;
	struct buffer               in, out;
	struct control_request      request;
	const struct control_verb  *verb;           /* waits for the firewall's counter; NULL: a scrape */
	const struct control_verb  *streaming;      /* the verb whose stream is under way; NULL: none */
	uint64_t                    cursor;         /* position in the stream; 0 at first */
	uint32_t                    asked;          /* id of a request to the helper; 0: none */
	bool                        watching;       /* gets a line for each event */
	bool                        closing;        /* close it once all output is written */
	bool                        ended;          /* it has shut down its side */
};

struct control {
	const struct worker_env *env;
	const struct overheard  *overheard;
	const struct control_verb *verbs;
	control_scrape          *scrape;
	struct listener         *listeners[CONTROL_KINDS];
	LIST_HEAD(, control_client) clients;
	unsigned                 nclients;
	yajl_gen                 gen;
	ev_timer                 sampler;       /* takes the next sample every few seconds */
	struct control_sample { double at; uint64_t out, in; } before, last;    /* bytes of all flows */
};

/* A request that clients may make. control.c opens each line (an object) and ends it; the functions put members. */
struct control_verb {
	const char *name;               /* NULL: the end of the table */
	/* Puts the members of the first line. False: the verb answers in its own way (error, kill), or later. */
	bool      (*begin)(struct control_client *, yajl_gen);
	/* Puts the members of the next line of a stream; false: there is none. NULL: the first line is all. */
	bool      (*more)(struct control_client *, yajl_gen);
	bool        counts;             /* asks the firewall's counter first */
};

/* Opens a line; a line that was not ended is dropped. */
yajl_gen control_line(struct control_client *);
/* Opens a line with {"v":1,"ok":true */
yajl_gen control_answer(struct control_client *);
/* Closes the object, and queues the line for the client. */
void     control_line_end(struct control_client *);
/* A whole line: {"v":1,"ok":false,"error":"..."} */
void     control_error(struct control_client *, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/* The helper has answered client->asked: continues with the client's next requests. */
void     control_answered(struct control_client *);

/* The verb "test" (control_test.c). */
bool control_test_begin(struct control_client *, yajl_gen);
bool control_test_more(struct control_client *, yajl_gen);
