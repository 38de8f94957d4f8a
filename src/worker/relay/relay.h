/*
 * relay.h - moves bytes from one connected socket to another: one direction, a "half" of a connection.
 *
 * Engines are rows of a table (relay_engines[], one file for each platform). relay_pump() begins with the first engine
 * ("copy"), changes to the next ("splice") for bulk traffic, and back when only small pieces come.
 *
 * Back-pressure: a half reads only after everything read before has been written. So a slow reader costs at most
 *                RELAY_CHUNK bytes of memory or one pipe.
 * Half-close:    end of file is passed on with shutdown(SHUT_WR); the other direction goes on.
 *
 * Owner:   the caller owns both sockets, which must be non-blocking; relay_half_end() does not close them. SIGPIPE must
 *          be ignored. An idle half holds no memory besides its struct, and no descriptor.
 * Units:   bytes.
 * Threads: one thread for each half; engines keep buffers and spare pipes by thread.
 */
#pragma once

#include "base/buffer.h"

#define RELAY_CHUNK 65536

#define RELAY_BULK       4              /* large reads in a row that make a flow "bulk" */
#define RELAY_BULK_BYTES 32768          /* a large read */
#define RELAY_ROUNDS     4              /* reads in one pump, so that no flow starves the others */

enum relay_status {
	RELAY_WAIT,             /* call again after one of the events in *want */
	RELAY_DONE,             /* end of file was read and passed on */
	RELAY_FROM_RESET,       /* the reading side broke (ECONNRESET, ...) */
	RELAY_TO_RESET          /* the writing side broke (EPIPE, ECONNRESET, ...) */
};

enum { RELAY_READ = 1, RELAY_WRITE = 2 };       /* want: from is readable, to is writable */

struct relay_ops;

struct relay_half {
	const struct relay_ops *const *engines;
	const struct relay_ops *ops;    /* the engine in use */
	int           from, to;
	uint64_t      bytes;            /* written to `to` */
	struct buffer pending;          /* read and not yet written */
	bool          done;             /* end of file was read and passed on */
	int           error;            /* errno behind a _RESET status */
	int           pipe[2];          /* splice only; -1 */
	size_t        piped;            /* bytes in the pipe */
	unsigned      bulk;             /* 0..RELAY_BULK: grows with large reads, falls with small ones;
	                                 * at the top the next engine takes over, at 0 the first */
};

/* An engine. It is changed only while nothing is pending, so only the first engine ever finds bytes in `pending`. */
struct relay_ops {
	const char *name;       /* "copy", "splice", "sosplice" */
	int  (*start)(struct relay_half *);     /* 0, or an errno value: stay with the engine before */
	enum relay_status (*pump)(struct relay_half *, int *want);
	void (*stop)(struct relay_half *);      /* gives resources back; closes no socket */
};

extern const struct relay_ops relay_copy, relay_splice;

/* NULL-terminated; the first is the cheapest for small traffic. */
extern const struct relay_ops *const relay_engines[];

/* engines: relay_engines. initial: bytes already read from `from`, which go first; its content moves into the half. May
 * be NULL. */
void relay_half_init(struct relay_half *, const struct relay_ops *const *engines, int from, int to,
    struct buffer *initial);
/* Moves as many bytes as possible now. *want: RELAY_READ or RELAY_WRITE with RELAY_WAIT, else 0. */
enum relay_status relay_pump(struct relay_half *, int *want);
void relay_half_end(struct relay_half *);

/* For engines. Records the size of a read, for the choice of the engine. */
void relay_note_read(struct relay_half *, size_t bytes);
/* Does this errno value mean "try again later"? */
bool relay_would_block(int error);
/* Passes end of file on. */
enum relay_status relay_finish(struct relay_half *);
/* Records that a side broke: RELAY_FROM_RESET or RELAY_TO_RESET, which is returned. */
enum relay_status relay_broken(struct relay_half *, enum relay_status side, int error);
