#include "config.h"

#include "worker/relay/relay.h"

#include <unistd.h>

static int copy_start(struct relay_half *half) { return 0; }
static void copy_stop(struct relay_half *half) { }

/* *n: the number of bytes written, at most len. 0 or an errno value. */
static int
copy_write(struct relay_half *half, const uint8_t *data, size_t len, size_t *n)
{
	ssize_t written = write(half->to, data, len);

	*n = written > 0 ? (size_t)written : 0;
	half->bytes += *n;
	return written == -1 && !relay_would_block(errno) ? errno : 0;
}

static int
copy_flush(struct relay_half *half)
{
	size_t len = buffer_len(&half->pending), n;
	int error;

	if (len == 0)
		return 0;
	error = copy_write(half, buffer_data(&half->pending), len, &n);
	if (n == len)
		buffer_free(&half->pending);
	else
		buffer_consume(&half->pending, n);
	return error;
}

/* Bytes that the writing side does not accept now stay in `pending`. */
static int
copy_forward(struct relay_half *half, const uint8_t *data, size_t len)
{
	size_t n;
	int error = copy_write(half, data, len, &n);

	return error != 0 ? error : buffer_append(&half->pending, data + n, len - n);
}

static enum relay_status
copy_pump(struct relay_half *half, int *want)
{
	static _Thread_local uint8_t scratch[RELAY_CHUNK];
	int error = copy_flush(half);
	ssize_t n = RELAY_CHUNK;

	for (int round = 0; round < RELAY_ROUNDS && n == RELAY_CHUNK; round++) {
		if (error != 0)
			return relay_broken(half, RELAY_TO_RESET, error);
		if (buffer_len(&half->pending) > 0)
			break;
		n = read(half->from, scratch, sizeof(scratch));
		if (n == 0)
			return relay_finish(half);
		if (n == -1 && !relay_would_block(errno))
			return relay_broken(half, RELAY_FROM_RESET, errno);
		if (n == -1)
			break;
		relay_note_read(half, (size_t)n);
		error = copy_forward(half, scratch, (size_t)n);
	}
	if (error != 0)
		return relay_broken(half, RELAY_TO_RESET, error);
	*want = buffer_len(&half->pending) > 0 ? RELAY_WRITE : RELAY_READ;
	return RELAY_WAIT;
}

const struct relay_ops relay_copy = { "copy", copy_start, copy_pump, copy_stop };
