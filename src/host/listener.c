#include "config.h"

#include "host/listener.h"

#include <ev.h>

#include <fcntl.h>
#include <unistd.h>

#include "base/log.h"

#define ACCEPT_BATCH   64
#define ACCEPT_PAUSE_S 1.0

struct listener {
	struct ev_loop *loop;
	ev_io           readable;
	ev_timer        pause;
	bool            local;          /* a Unix socket: peers have no address */
	listener_cb    *cb;
	void           *arg;
};

static void
listener_pause(struct listener *l)
{
	log_warn("accept: %s; pausing for a second", strerror(errno));
	ev_io_stop(l->loop, &l->readable);
	ev_timer_again(l->loop, &l->pause);
}

static void
listener_read_cb(struct ev_loop *loop, ev_io *w, int revents)
{
	struct listener *l = w->data;
	struct sockaddr_storage ss;
	union addr peer;
	socklen_t len;
	int fd;

	for (int i = 0; i < ACCEPT_BATCH && ev_is_active(w); i++) {
		len = sizeof(ss);
		fd = accept(w->fd, (struct sockaddr *)&ss, &len);
		if (fd == -1 && (errno == EMFILE || errno == ENFILE || errno == ENOBUFS || errno == ENOMEM))
			listener_pause(l);
		if (fd == -1)
			return;
		peer = addr_none;
		if (fcntl(fd, F_SETFL, O_NONBLOCK) == -1 || fcntl(fd, F_SETFD, FD_CLOEXEC) == -1 ||
		    (!l->local && !addr_from_sockaddr(&peer, (struct sockaddr *)&ss, len))) {
			close(fd);
			continue;
		}
		l->cb(l->arg, fd, &peer);
	}
}

static void
listener_resume_cb(struct ev_loop *loop, ev_timer *w, int revents)
{
	struct listener *l = w->data;

	ev_timer_stop(loop, w);
	ev_io_start(loop, &l->readable);
}

struct listener *
listener_new(struct ev_loop *loop, int fd, listener_cb *cb, void *arg)
{
	struct listener *l = calloc(1, sizeof(*l));
	struct sockaddr_storage ss;
	socklen_t len = sizeof(ss);

	if (l == NULL)
		return NULL;
	l->local = getsockname(fd, (struct sockaddr *)&ss, &len) == 0 && ss.ss_family == AF_UNIX;
	l->loop = loop;
	l->cb = cb;
	l->arg = arg;
	ev_io_init(&l->readable, listener_read_cb, fd, EV_READ);
	ev_timer_init(&l->pause, listener_resume_cb, 0., ACCEPT_PAUSE_S);
	l->readable.data = l->pause.data = l;
	ev_io_start(loop, &l->readable);
	return l;
}

void
listener_free(struct listener *l)
{
	if (l == NULL)
		return;
	ev_io_stop(l->loop, &l->readable);
	ev_timer_stop(l->loop, &l->pause);
	close(l->readable.fd);
	free(l);
}
