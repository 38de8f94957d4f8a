#include "config.h"

#include "worker/relay/relay.h"

#include <fcntl.h>
#include <unistd.h>

/*
 * splice(2): socket -> pipe -> socket without a copy to user space. A half holds a pipe only while bytes are in it;
 * empty pipes are kept in a small pool for the next pump.
 */

#define PIPE_BYTES (256 * 1024)         /* room for RELAY_CHUNK even when the segments are small */
#define POOL_PIPES 16

static _Thread_local int splice_pool[POOL_PIPES][2];
static _Thread_local unsigned splice_pooled;

static int
splice_take_pipe(struct relay_half *half)
{
	if (half->pipe[0] != -1)
		return 0;
	if (splice_pooled > 0) {
		splice_pooled--;
		half->pipe[0] = splice_pool[splice_pooled][0];
		half->pipe[1] = splice_pool[splice_pooled][1];
		return 0;
	}
	if (pipe2(half->pipe, O_CLOEXEC | O_NONBLOCK) == -1) {
		half->pipe[0] = half->pipe[1] = -1;
		return errno;
	}
	/* Fails above the limit for the user (pipe(7)); the pipe keeps its size then. */
	(void)fcntl(half->pipe[1], F_SETPIPE_SZ, PIPE_BYTES);
	return 0;
}

static void
splice_give_pipe(struct relay_half *half)
{
	if (half->pipe[0] == -1)
		return;
	if (half->piped == 0 && splice_pooled < POOL_PIPES) {
		splice_pool[splice_pooled][0] = half->pipe[0];
		splice_pool[splice_pooled][1] = half->pipe[1];
		splice_pooled++;
	} else {
		close(half->pipe[0]);
		close(half->pipe[1]);
	}
	half->pipe[0] = half->pipe[1] = -1;
	half->piped = 0;
}

/* Fills the empty pipe. 0: *n bytes, or end of file if *n is 0; EAGAIN: nothing to read. */
static int
splice_in(struct relay_half *half, size_t *n)
{
	ssize_t moved = splice(half->from, NULL, half->pipe[1], NULL, PIPE_BYTES, SPLICE_F_MOVE | SPLICE_F_NONBLOCK);

	if (moved == -1)
		return relay_would_block(errno) ? EAGAIN : errno;
	*n = half->piped = (size_t)moved;
	return 0;
}

/* 0: the pipe is empty; EAGAIN: the writing side is full. */
static int
splice_out(struct relay_half *half)
{
	ssize_t moved;

	while (half->piped > 0) {
		moved = splice(half->pipe[0], NULL, half->to, NULL, half->piped, SPLICE_F_MOVE | SPLICE_F_NONBLOCK);
		if (moved == -1)
			return relay_would_block(errno) ? EAGAIN : errno;
		half->piped -= (size_t)moved;
		half->bytes += (size_t)moved;
	}
	return 0;
}

/* Moves one pipe-full from side to side. *want stays 0 if there may be more. */
static enum relay_status
splice_round(struct relay_half *half, int *want)
{
	size_t n = 0;
	int error = 0;

	if (half->piped == 0) {
		error = splice_in(half, &n);
		if (error == EAGAIN) {
			*want = RELAY_READ;
			return RELAY_WAIT;
		}
		if (error != 0)
			return relay_broken(half, RELAY_FROM_RESET, error);
		if (n == 0)
			return relay_finish(half);
		relay_note_read(half, n);
	}
	error = splice_out(half);
	if (error != 0 && error != EAGAIN)
		return relay_broken(half, RELAY_TO_RESET, error);
	*want = error == EAGAIN ? RELAY_WRITE : 0;
	return RELAY_WAIT;
}

static int
splice_start(struct relay_half *half)
{
	int error = splice_take_pipe(half);

	splice_give_pipe(half);
	return error;
}

static enum relay_status
splice_pump(struct relay_half *half, int *want)
{
	enum relay_status status = RELAY_WAIT;

	if (splice_take_pipe(half) != 0) {      /* no descriptor is left: relay_pump() changes to the first engine */
		half->bulk = 0;
		*want = RELAY_READ;
		return RELAY_WAIT;
	}
	for (int round = 0; round < RELAY_ROUNDS && status == RELAY_WAIT && *want == 0; round++)
		status = splice_round(half, want);
	if (status == RELAY_WAIT && *want == 0)
		*want = RELAY_READ;
	if (half->piped == 0)
		splice_give_pipe(half);
	return status;
}

const struct relay_ops relay_splice = { "splice", splice_start, splice_pump, splice_give_pipe };
