/*
 * arena.h - memory that is given back in one go, and wiped before that.
 *
 * Owner:   whoever holds the struct; an all-zero struct is an empty arena.
 */
#ifndef PFI_ARENA_H
#define PFI_ARENA_H

#include <stddef.h>

struct arena { struct arena_piece *pieces; };

/* count objects of size bytes, zeroed, aligned for pointers and uint64_t. NULL: no memory is left. */
void *arena_alloc(struct arena *, size_t count, size_t size);
/* Wipes and frees everything; the arena is empty again. */
void  arena_free(struct arena *);
/* Overwrites memory that held a secret, in a way that a compiler keeps. */
void  arena_wipe(void *, size_t);

#endif
