/*
 * relay.h - moves bytes from one connected socket to another: one direction.
 *
 * A connection owns two halves. Engines are rows of a table, relay_engines_linux.c or
 * relay_engines_posix.c; relay_pump() starts with the first ("copy"), changes to the next one
 * ("splice") for bulk traffic and back when only a handful of bytes comes at a time.
 *
 * Back-pressure: a half reads only when everything read before has been written, so a slow
 * reader holds at most RELAY_CHUNK bytes (or one pipe) of memory.
 * Half-close: end of file on one side is passed on with shutdown(SHUT_WR); the other half goes on.
 *
 * An idle half holds no memory but the struct, and no descriptor.
 *
 * Owner:   the caller owns both sockets, non-blocking; stop() closes neither. SIGPIPE must be ignored.
 *          One half is used by one thread; engines keep scratch memory and spare pipes by thread.
 * Units:   bytes.
 */
#ifndef PFI_RELAY_H
#define PFI_RELAY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buffer.h"

#define RELAY_CHUNK 65536

#define RELAY_BULK       4              /* large reads in a row that make a flow "bulk" */
#define RELAY_BULK_BYTES 32768          /* a large read */
#define RELAY_ROUNDS     4              /* reads in one pump, so that no flow starves the others */

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
	bool          done;             /* end of file came and was passed on */
	int           error;            /* errno behind a _RESET status */
	int           pipe[2];          /* splice only; -1 */
	size_t        piped;            /* bytes in the pipe */
	unsigned      bulk;             /* 0..RELAY_BULK: grows with large reads, falls with small ones;
	                                 * at the top the next engine takes over, at 0 the first */
};

/* Engines are changed only while nothing is pending: pump() of an engine other than the first
 * never sees bytes in `pending`. */
struct relay_ops {
	const char *name;       /* "copy", "splice", "sosplice" */
	int  (*start)(struct relay_half *);     /* 0, or an errno value: stay with the engine before */
	enum relay_status (*pump)(struct relay_half *, int *want);
	void (*stop)(struct relay_half *);      /* gives resources back; closes no socket */
};

extern const struct relay_ops relay_copy, relay_splice;

/* NULL-terminated, cheapest for small traffic first. */
extern const struct relay_ops *const relay_engines[];

/* initial: bytes already read from `from` that go first; its content moves into the half. May be NULL. */
void relay_half_init(struct relay_half *, int from, int to, struct buffer *initial);
/* Moves what can be moved now. *want: RELAY_READ or RELAY_WRITE with RELAY_WAIT, else 0. */
enum relay_status relay_pump(struct relay_half *, int *want);
void relay_half_end(struct relay_half *);

/* For engines: notes a read's size; an errno value that only means "later"; passes end of file on;
 * says that a side broke. */
void relay_note_read(struct relay_half *, size_t bytes);
bool relay_would_block(int error);
enum relay_status relay_finish(struct relay_half *);
enum relay_status relay_broken(struct relay_half *, enum relay_status side, int error);

#endif
