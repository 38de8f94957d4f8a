/*
 * buffer.h - a linear byte buffer that grows up to a bound.
 *
 * Owner:   whoever calls buffer_init(); buffer_free() gives the memory back and
 *          leaves an empty buffer that may be used again.
 * Units:   bytes.
 * Errors:  0, ENOMEM, or ENOBUFS above the bound; after an error the buffer is unchanged.
 * Threads: one buffer belongs to one thread.
 */
#pragma once

struct buffer {
	uint8_t *data;          /* NULL while nothing was stored */
	size_t   start, end;    /* the content is data[start..end) */
	size_t   size, max;
};

void buffer_init(struct buffer *, size_t max);
void buffer_free(struct buffer *);

size_t         buffer_len(const struct buffer *);
uint8_t       *buffer_data(const struct buffer *);

/* Makes room for n more bytes and returns their place, or NULL (above the bound, or out of memory). After writing
 * there, the caller adds the bytes written with buffer_commit(). */
uint8_t *buffer_reserve(struct buffer *, size_t n);
void     buffer_commit(struct buffer *, size_t n);

int  buffer_append(struct buffer *, const void *, size_t n);
void buffer_consume(struct buffer *, size_t n);

/* Reads at most n more bytes from a non-blocking socket. 0, also when nothing has arrived; EPIPE: the peer has closed;
 * ENOMEM, ENOBUFS, or the error of read(2). */
int  buffer_read(struct buffer *, int fd, size_t n);
/* Writes as much as the socket takes now. 0, or the error of write(2). */
int  buffer_write(struct buffer *, int fd);
