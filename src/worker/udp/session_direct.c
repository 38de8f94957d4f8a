#include "config.h"

#include "worker/udp/session_route.h"

#include <errno.h>

#include "host/udp.h"

#define READ_BATCH 64

/* What an error of the direct socket means for the session; CLOSE_DONE: nothing, a datagram is lost. */
static enum close_reason
session_direct_reason(int error)
{
	switch (error) {
	case ECONNREFUSED:
		return CLOSE_CONNECT_REFUSED;
	case ENETUNREACH:
	case EHOSTUNREACH:
	case ENETDOWN:
	case EHOSTDOWN:
	case EADDRNOTAVAIL:
	case EACCES:
	case EPERM:
		return CLOSE_UNREACHABLE;
	default:
		return CLOSE_DONE;
	}
}

/* A refusal of the server is passed on; it may listen a moment later, so nothing is remembered. */
bool
session_direct_failed(struct session *s, int error)
{
	const enum close_reason reason = session_direct_reason(error);

	if (reason == CLOSE_DONE)
		account_count(s->all->env->account, COUNT_DROP_UNSENT, 1);
	else
		session_refuse(s, reason);
	if (reason == CLOSE_CONNECT_REFUSED)
		session_end(s, reason);
	return reason == CLOSE_DONE;
}

static void
session_read_cb(struct ev_loop *loop, ev_io *w, int revents)
{
	struct session *s = w->data;
	uint8_t data[UDP_MAX];
	ssize_t n;

	for (int i = 0; i < READ_BATCH; i++) {
		n = recv(s->fd, data, sizeof(data), 0);
		if (n == -1) {
			if (session_direct_reason(errno) != CLOSE_DONE)
				session_direct_failed(s, errno);
			return;
		}
		session_answer(s, &s->record.dst, data, (size_t)n);
	}
}

enum close_reason
session_direct_open(struct session *s)
{
	int error = udp_connect(&s->record.dst, &s->fd);

	if (error != 0)
		return session_direct_reason(error) != CLOSE_DONE ? CLOSE_UNREACHABLE : CLOSE_ERROR;
	s->state = SESSION_DIRECT;
	ev_io_init(&s->readable, session_read_cb, s->fd, EV_READ);
	s->readable.data = s;
	ev_io_start(s->all->env->loop, &s->readable);
	return CLOSE_DONE;
}
