/*
 * arena.h - memory that is given back in one go, and wiped before that.
 *
 * Owner:   whoever holds the struct; an all-zero struct is an empty arena.
 * Errors:  NULL when there is no memory; what was handed out before stays valid.
 */
#ifndef PFI_ARENA_H
#define PFI_ARENA_H

#include <stddef.h>

struct arena {
	struct arena_chunk *chunks;     /* the newest first */
	size_t              used;       /* bytes taken from the newest */
};

/* count objects of size bytes, zeroed, aligned for any type. */
void *arena_alloc(struct arena *, size_t count, size_t size);
/* A NUL-terminated copy of text[0..len). */
char *arena_text(struct arena *, const char *text, size_t len);
/* Wipes and frees everything; the arena is empty again. */
void  arena_free(struct arena *);

/* Overwrites memory that held a secret, in a way that a compiler keeps. */
void  arena_wipe(void *, size_t);

#endif
