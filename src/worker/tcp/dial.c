#include "config.h"

#include "worker/tcp/dial.h"

#include <ev.h>

#include <unistd.h>

#include "base/log.h"
#include "host/net.h"
#include "host/source.h"

struct dial {
	struct dial_request request;
	union addr addrs[DIAL_ADDRS];
	ev_io      attempts[DIAL_ADDRS];        /* of each address begun; active: under way */
	size_t     naddrs, begun;
	bool       asked;                       /* for others */
	ev_timer   next, end;
	enum close_reason reason;               /* of the last attempt that failed */
};

static void
attempt_stop(struct dial *d, ev_io *io, int keep)
{
	if (!ev_is_active(io))
		return;
	ev_io_stop(d->request.loop, io);
	if (io->fd != keep)
		close(io->fd);
}

static void
dial_free(struct dial *d, int keep)
{
	for (size_t i = 0; i < d->begun; i++)
		attempt_stop(d, &d->attempts[i], keep);
	ev_timer_stop(d->request.loop, &d->next);
	ev_timer_stop(d->request.loop, &d->end);
	free(d);
}

static void
dial_finish(struct dial *d, int fd, enum close_reason reason)
{
	const struct dial_request request = d->request;

	dial_free(d, fd);
	request.done(request.arg, fd, reason);
}

static bool
dial_is_under_way(const struct dial *d)
{
	for (size_t i = 0; i < d->begun; i++)
		if (ev_is_active(&d->attempts[i]))
			return true;
	return false;
}

static void dial_io_cb(struct ev_loop *, ev_io *, int revents);

/* Begins to connect to the next address. */
static void
dial_begin(struct dial *d)
{
	const union addr *to = &d->addrs[d->begun];
	ev_io *io = &d->attempts[d->begun++];
	int fd, error = source_connect(d->request.client, d->request.keep_port, to, &fd);
	char first[ADDR_TEXT_MAX], text[ADDR_TEXT_MAX];

	ev_io_init(io, dial_io_cb, fd, EV_WRITE);
	io->data = d;
	if (fd != -1)
		ev_io_start(d->request.loop, io);
	else
		d->reason = close_reason_of_errno(error);
	if (d->begun > 1)
		log_debug("%s has not answered; trying %s, too", addr_format(&d->addrs[0], first),
		    addr_format(to, text));
}

static bool
dial_has_next(struct dial *d)
{
	if (d->begun == d->naddrs && !d->asked) {
		d->asked = true;
		d->naddrs += d->request.others(d->request.arg, &d->addrs[d->naddrs], DIAL_ADDRS - d->naddrs);
	}
	return d->begun < d->naddrs;
}

/* Begins with the next address; finishes if there is none and none is under way. */
static void
dial_go_on(struct dial *d)
{
	bool begun = false;

	ev_timer_stop(d->request.loop, &d->next);
	while (!begun && dial_has_next(d)) {
		dial_begin(d);
		begun = ev_is_active(&d->attempts[d->begun - 1]);
	}
	if (!dial_is_under_way(d))
		dial_finish(d, -1, d->reason);
	else if (d->begun < d->naddrs || !d->asked)
		ev_timer_again(d->request.loop, &d->next);
}

static void
dial_io_cb(struct ev_loop *loop, ev_io *io, int revents)
{
	struct dial *d = io->data;
	const int error = net_error(io->fd);

	if (error == 0) {
		dial_finish(d, io->fd, CLOSE_DONE);
		return;
	}
	d->reason = close_reason_of_errno(error);
	attempt_stop(d, io, -1);
	dial_go_on(d);
}

static void
dial_next_cb(struct ev_loop *loop, ev_timer *w, int revents)
{
	dial_go_on(w->data);
}

static void
dial_end_cb(struct ev_loop *loop, ev_timer *w, int revents)
{
	dial_finish(w->data, -1, CLOSE_CONNECT_TIMEOUT);
}

struct dial *
dial_open(const struct dial_request *request, const union addr *to)
{
	struct dial *d = calloc(1, sizeof(*d));

	if (d == NULL)
		return NULL;
	d->request = *request;
	d->addrs[d->naddrs++] = *to;
	d->reason = CLOSE_UNREACHABLE;
	ev_timer_init(&d->next, dial_next_cb, 0., DIAL_NEXT_S);
	ev_timer_init(&d->end, dial_end_cb, request->timeout_s, 0.);
	d->next.data = d->end.data = d;
	ev_timer_start(request->loop, &d->next);
	ev_timer_start(request->loop, &d->end);
	return d;
}

void
dial_cancel(struct dial *d)
{
	dial_free(d, -1);
}
