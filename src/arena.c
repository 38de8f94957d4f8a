#include "config.h"

#include "arena.h"

#include <stdalign.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

struct arena_piece {
	struct arena_piece  *next;
	size_t               size;      /* of data */
	alignas(max_align_t) char data[];
};

/* Called through a volatile pointer, memset() cannot be left out as a dead store. */
static void *(*const volatile wipe)(void *, int, size_t) = memset;

void
arena_wipe(void *p, size_t n)
{
	if (n > 0)
		wipe(p, 0, n);
}

void *
arena_alloc(struct arena *a, size_t count, size_t size)
{
	struct arena_piece *piece;

	if (size != 0 && count > (SIZE_MAX - sizeof(*piece)) / size)
		return NULL;
	if ((piece = calloc(1, sizeof(*piece) + count * size)) == NULL)
		return NULL;
	piece->next = a->pieces;
	piece->size = count * size;
	a->pieces = piece;
	return piece->data;
}

void
arena_free(struct arena *a)
{
	struct arena_piece *piece;

	while ((piece = a->pieces) != NULL) {
		a->pieces = piece->next;
		arena_wipe(piece->data, piece->size);
		free(piece);
	}
}
