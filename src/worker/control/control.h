/*
 * control.h - the control socket (pfinterceptctl(8), "PROTOCOL") and the metrics endpoint.
 *
 * A client of the control socket sends requests, one JSON object a line, and gets one line or a stream of lines for
 * each. A scraper of the metrics sends an HTTP request and gets one response. Both are served from bounded buffers in
 * small pieces, so that flows go on meanwhile. A client that does not read is disconnected.
 *
 * Owner:   the worker makes it and frees it. Listening sockets belong to it once passed.
 * Bounds:  CONTROL_CLIENTS at once (more are closed), CONTROL_OUT_MAX bytes waiting for each client, CONTROL_STALL_S
 *          seconds without being able to write.
 * Threads: the thread that decides, alone.
 */
#pragma once

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

/* The requests that clients may make. */
extern const struct control_verb *const control_verbs;

/* Appends an HTTP response with all metrics. 0, ENOBUFS (out is full) or ENOMEM. */
typedef int control_scrape(const struct control *, struct buffer *out);
control_scrape metrics_write;

/* verbs and scrape: control_verbs and metrics_write. All pointers are borrowed. NULL: no memory. */
struct control *control_new(const struct worker_env *, const struct overheard *, const struct control_verb *verbs,
    control_scrape *);
void control_free(struct control *);

/* Serves on a bound and listening socket instead of the former one of this kind; fd -1: on none. 0 or ENOMEM. */
int  control_listen(struct control *, int fd, enum control_kind);
