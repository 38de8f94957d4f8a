#include "config.h"

#include "arena.h"

#include <stdalign.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#define CHUNK_BYTES 65536u

struct arena_chunk {
	struct arena_chunk *next;
	size_t              size;
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
	const size_t align = alignof(max_align_t);
	struct arena_chunk *chunk = a->chunks;
	size_t bytes, room;

	if (size != 0 && count > (SIZE_MAX / 2) / size)
		return NULL;
	bytes = (count * size + align - 1) / align * align;
	if (chunk == NULL || chunk->size - a->used < bytes) {
		room = bytes > CHUNK_BYTES ? bytes : CHUNK_BYTES;
		if ((chunk = calloc(1, sizeof(*chunk) + room)) == NULL)
			return NULL;
		chunk->next = a->chunks;
		chunk->size = room;
		a->chunks = chunk;
		a->used = 0;
	}
	a->used += bytes;
	return chunk->data + a->used - bytes;
}

char *
arena_text(struct arena *a, const char *text, size_t len)
{
	char *copy = arena_alloc(a, len + 1, 1);

	if (copy != NULL)
		memcpy(copy, text, len);
	return copy;
}

void
arena_free(struct arena *a)
{
	struct arena_chunk *chunk;

	while ((chunk = a->chunks) != NULL) {
		a->chunks = chunk->next;
		arena_wipe(chunk->data, chunk->size);
		free(chunk);
	}
	a->used = 0;
}
