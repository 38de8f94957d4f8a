#include "config.h"

#include "worker/relay/relay.h"

#include <sys/socket.h>

void
relay_half_init(struct relay_half *half, const struct relay_ops *const *engines, int from, int to,
    struct buffer *initial)
{
	memset(half, 0, sizeof(*half));
	half->engines = engines;
	half->ops = engines[0];
	half->from = from;
	half->to = to;
	half->pipe[0] = half->pipe[1] = -1;
	buffer_init(&half->pending, RELAY_CHUNK);
	if (initial != NULL) {
		half->pending = *initial;
		half->pending.max = RELAY_CHUNK;
		buffer_init(initial, initial->max);
	}
}

void
relay_half_end(struct relay_half *half)
{
	half->ops->stop(half);
	buffer_free(&half->pending);
}

void
relay_note_read(struct relay_half *half, size_t bytes)
{
	if (bytes < RELAY_BULK_BYTES)
		half->bulk -= half->bulk > 0;
	else
		half->bulk += half->bulk < RELAY_BULK;
}

bool
relay_would_block(int error)
{
	return error == EAGAIN || error == EWOULDBLOCK || error == EINTR;
}

enum relay_status
relay_broken(struct relay_half *half, enum relay_status side, int error)
{
	half->error = error;
	return side;
}

/* ENOTCONN: the other side has closed both directions already. */
enum relay_status
relay_finish(struct relay_half *half)
{
	if (!half->done && shutdown(half->to, SHUT_WR) == -1 && errno != ENOTCONN)
		return relay_broken(half, RELAY_TO_RESET, errno);
	half->done = true;
	return RELAY_DONE;
}

static void
relay_choose_engine(struct relay_half *half)
{
	const struct relay_ops *const *engine = half->engines;

	if (buffer_len(&half->pending) > 0 || half->piped > 0)
		return;
	while (*engine != half->ops)
		engine++;
	if (half->bulk == 0 && engine != half->engines) {
		half->ops->stop(half);
		half->ops = half->engines[0];
	} else if (half->bulk == RELAY_BULK && engine[1] != NULL) {
		if (engine[1]->start(half) == 0)
			half->ops = engine[1];
		else
			half->bulk = 0;
	}
}

enum relay_status
relay_pump(struct relay_half *half, int *want)
{
	enum relay_status status;

	*want = 0;
	if (half->done)
		return RELAY_DONE;
	status = half->ops->pump(half, want);
	if (status == RELAY_WAIT)
		relay_choose_engine(half);
	return status;
}
