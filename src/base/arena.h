/*
 * arena.h - memory that is wiped and freed all at once.
 *
 * Owner:   whoever holds the struct; an all-zero struct is an empty arena.
 * Threads: one arena belongs to one thread.
 */
#pragma once

struct arena { struct arena_piece *pieces; };

/* Memory for count objects of size bytes, zeroed, aligned for pointers and uint64_t. NULL: out of memory. */
void *arena_alloc(struct arena *, size_t count, size_t size);
/* Wipes and frees everything; the arena is empty again. */
void  arena_free(struct arena *);
/* Overwrites memory that held a secret; compilers do not optimize this away. */
void  arena_wipe(void *, size_t);
