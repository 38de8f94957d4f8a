/*
 * buffer.h - a linear byte buffer that grows up to a bound.
 *
 * Owner:   whoever calls buffer_init(); buffer_free() gives the memory back and
 *          leaves an empty buffer that may be used again.
 * Units:   bytes.
 * Errors:  0, ENOMEM, or ENOBUFS when the bound would be passed; then nothing changed.
 */
#ifndef PFI_BUFFER_H
#define PFI_BUFFER_H

#include <stddef.h>
#include <stdint.h>

struct buffer {
	uint8_t *data;          /* NULL while nothing was stored */
	size_t   start, end;    /* the content is data[start..end) */
	size_t   size, max;
};

void buffer_init(struct buffer *, size_t max);
void buffer_free(struct buffer *);

size_t         buffer_len(const struct buffer *);
uint8_t       *buffer_data(const struct buffer *);

/* Makes room for n more bytes and gives the place to write them to, or NULL
 * (over the bound, or no memory). buffer_commit() then says how many came. */
uint8_t *buffer_reserve(struct buffer *, size_t n);
void     buffer_commit(struct buffer *, size_t n);

int  buffer_append(struct buffer *, const void *, size_t n);
void buffer_consume(struct buffer *, size_t n);

/* Reads at most n bytes more from a non-blocking socket. 0, also when nothing is there now; EPIPE: it has ended; else as
 * buffer_append(), or as read(2). */
int  buffer_read(struct buffer *, int fd, size_t n);
/* Writes as much as it takes now. 0, or an errno value. */
int  buffer_write(struct buffer *, int fd);

#endif
