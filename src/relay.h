/*
 * relay.h - moves bytes from one connected socket to another: one direction.
 *
 * A connection owns two halves. Engines are rows of a table; relay_pump() starts with "copy" and
 * changes to a cheaper engine for bulk traffic ("splice"), never for a handful of bytes.
 *
 * Back-pressure: a half reads only when everything read before has been written, so a slow
 * reader holds at most RELAY_CHUNK bytes (or one pipe) of memory.
 * Half-close: end of file on one side is passed on with shutdown(SHUT_WR); the other half goes on.
 *
 * Owner:   the caller owns both sockets; stop() closes neither.
 * Units:   bytes.
 */
#ifndef PFI_RELAY_H
#define PFI_RELAY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "buffer.h"

#define RELAY_CHUNK 65536

enum relay_status {
	RELAY_WAIT,             /* call again when one of the events in *want has come */
	RELAY_DONE,             /* end of file was read and passed on */
	RELAY_FROM_RESET,       /* the reading side broke (ECONNRESET, ...) */
	RELAY_TO_RESET          /* the writing side broke (EPIPE, ECONNRESET, ...) */
};

enum { RELAY_READ = 1, RELAY_WRITE = 2 };       /* want: from is readable, to is writable */

struct relay_ops;

struct relay_half {
	const struct relay_ops *ops;
	int           from, to;
	uint64_t      bytes;            /* written to `to` */
	struct buffer pending;          /* read and not yet written */
	bool          eof;              /* read from `from` */
	bool          done;             /* RELAY_DONE was given */
	int           error;            /* errno behind a _RESET status */
	int           pipe[2];          /* splice only; -1 */
	size_t        piped;            /* bytes in the pipe */
	unsigned      full_reads;       /* in a row; decides on the engine */
};

struct relay_ops {
	const char *name;       /* "copy", "splice", "sosplice" */
	int  (*start)(struct relay_half *);     /* 0, or EOPNOTSUPP: stay with the engine before */
	enum relay_status (*pump)(struct relay_half *, int *want);
	void (*stop)(struct relay_half *);      /* gives resources back; closes no socket */
};

/* NULL-terminated, cheapest for small traffic first. */
extern const struct relay_ops *const relay_engines[];

/* initial: bytes already read from `from` that go first; its content moves into the half. May be NULL. */
void relay_half_init(struct relay_half *, int from, int to, struct buffer *initial);
enum relay_status relay_pump(struct relay_half *, int *want);
void relay_half_end(struct relay_half *);

#endif
