#include "config.h"

#include "base/buffer.h"

#include <unistd.h>

void
buffer_init(struct buffer *b, size_t max)
{
	memset(b, 0, sizeof(*b));
	b->max = max;
}

void
buffer_free(struct buffer *b)
{
	free(b->data);
	buffer_init(b, b->max);
}

size_t
buffer_len(const struct buffer *b)
{
	return b->end - b->start;
}

uint8_t *
buffer_data(const struct buffer *b)
{
	return b->data + b->start;
}

uint8_t *
buffer_reserve(struct buffer *b, size_t n)
{
	size_t len = buffer_len(b), size;
	uint8_t *data;

	if (n > b->max || len > b->max - n)
		return NULL;
	if (b->size - b->end >= n && b->data != NULL)
		return b->data + b->end;
	if (b->start > 0) {
		memmove(b->data, b->data + b->start, len);
		b->start = 0;
		b->end = len;
	}
	if (b->size - b->end < n || b->data == NULL) {
		for (size = b->size > 0 ? b->size : 512; size < len + n; size *= 2)
			continue;
		if (size > b->max)
			size = b->max;
		data = realloc(b->data, size);
		if (data == NULL)
			return NULL;
		b->data = data;
		b->size = size;
	}
	return b->data + b->end;
}

void
buffer_commit(struct buffer *b, size_t n)
{
	b->end += n;
}

int
buffer_append(struct buffer *b, const void *bytes, size_t n)
{
	uint8_t *to;

	if (n == 0)
		return 0;
	to = buffer_reserve(b, n);
	if (to == NULL)
		return buffer_len(b) + n > b->max ? ENOBUFS : ENOMEM;
	memcpy(to, bytes, n);
	buffer_commit(b, n);
	return 0;
}

void
buffer_consume(struct buffer *b, size_t n)
{
	b->start += n;
	if (b->start == b->end)
		b->start = b->end = 0;
}

static int
buffer_error(void)
{
	return errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR ? 0 : errno;
}

int
buffer_read(struct buffer *b, int fd, size_t n)
{
	uint8_t *to = buffer_reserve(b, n);
	ssize_t got;

	if (to == NULL)
		return buffer_len(b) + n > b->max ? ENOBUFS : ENOMEM;
	got = read(fd, to, n);
	if (got <= 0)
		return got == 0 ? EPIPE : buffer_error();
	buffer_commit(b, (size_t)got);
	return 0;
}

int
buffer_write(struct buffer *b, int fd)
{
	ssize_t n = write(fd, buffer_data(b), buffer_len(b));

	if (n == -1)
		return buffer_error();
	buffer_consume(b, (size_t)n);
	return 0;
}
