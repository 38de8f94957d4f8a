/*
 * control.h - the control socket (pfinterceptctl(8), "PROTOCOL") and the metrics endpoint.
 *
 * A client of the control socket sends requests, one JSON object a line, and gets one line or a stream of lines
 * for each. A scraper of the metrics sends an HTTP request and gets one answer. Both are served from bounded
 * buffers, a piece at a time, so that flows go on meanwhile; who does not read is cut off.
 *
 * Owner:   the worker. Sockets belong to the struct control once given.
 * Bounds:  CONTROL_CLIENTS at once (more are closed), CONTROL_OUT_MAX bytes waiting for each, CONTROL_STALL_S
 *          without being able to write.
 */
#ifndef PFI_CONTROL_H
#define PFI_CONTROL_H

#include "process/ipc.h"
#include "worker/bypass/overheard.h"
#include "worker/name/names.h"
#include "worker/record/account.h"
#include "worker/record/worker_env.h"
#include "worker/upstream/policy.h"

#define CONTROL_CLIENTS 64
#define CONTROL_OUT_MAX (1u << 20)
#define CONTROL_STALL_S 5.0

enum control_kind { CONTROL_REQUESTS, CONTROL_METRICS, CONTROL_KINDS };

struct buffer;
struct control;
struct control_client;

/* A request that clients may make. begin() writes the first line; more() writes one more line of a stream at each call,
 * until it returns false. */
struct control_verb {
	const char *name;
	void      (*begin)(struct control_client *);
	bool      (*more)(struct control_client *);     /* NULL: begin() writes it all */
};

/* The known requests; ends with a row without a name. */
extern const struct control_verb control_verbs[];

/* Appends an HTTP response with all metrics. 0, ENOBUFS (out is full) or ENOMEM. */
typedef int control_scrape(const struct control *, struct buffer *out);
control_scrape metrics_write;

/* verbs and scrape: control_verbs and metrics_write. All are borrowed. NULL: no memory. */
struct control *control_new(const struct worker_env *, const struct overheard *, const struct control_verb *verbs,
    control_scrape *);
void control_free(struct control *);

/* Serves on this bound and listening socket in place of the one before of its kind; -1: on none. 0 or ENOMEM. */
int  control_listen(struct control *, int fd, enum control_kind);

#endif
