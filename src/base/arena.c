#include "config.h"

#include "base/arena.h"

#include <stdalign.h>

#ifndef ARENA_PIECE             /* bytes; 0: every object is a piece, so that sanitizers see its bounds */
#define ARENA_PIECE 65536
#endif

struct arena_piece {
	struct arena_piece  *next;
	size_t               size, used;        /* of data */
	alignas(max_align_t) char data[];
};

/* The volatile pointer keeps the compiler from removing memset() as a dead store. */
static void *(*const volatile wipe)(void *, int, size_t) = memset;

void
arena_wipe(void *p, size_t n)
{
	if (n > 0)
		wipe(p, 0, n);
}

/* Small objects share the first piece; a large one gets a piece of its own behind it. */
void *
arena_alloc(struct arena *a, size_t count, size_t size)
{
	const size_t align = alignof(uint64_t) > alignof(void *) ? alignof(uint64_t) : alignof(void *);
	struct arena_piece *piece = a->pieces;
	size_t need;

	if (size != 0 && count > (SIZE_MAX / 2 - sizeof(*piece)) / size)
		return NULL;
	need = (count * size + align - 1) / align * align;
	if (piece == NULL || piece->size - piece->used < need) {
		const size_t room = need <= ARENA_PIECE / 8 ? ARENA_PIECE : need;

		if ((piece = calloc(1, sizeof(*piece) + room)) == NULL)
			return NULL;
		piece->size = room;
		if (room > need || a->pieces == NULL) {
			piece->next = a->pieces;
			a->pieces = piece;
		} else {
			piece->next = a->pieces->next;
			a->pieces->next = piece;
		}
	}
	piece->used += need;
	return piece->data + piece->used - need;
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
