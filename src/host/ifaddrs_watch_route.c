#include "config.h"

#include "host/ifaddrs_watch.h"

#include <sys/socket.h>

#include <ev.h>

#include <fcntl.h>
#include <unistd.h>

#define SETTLE_S 0.1    /* a change of network makes many messages */

static struct {
	ev_io         readable;
	ev_timer      settle;
	ifaddrs_watch_cb *cb;
	void         *arg;
} watch;

static void
watch_settled_cb(struct ev_loop *loop, ev_timer *w, int revents)
{
	ev_timer_stop(loop, w);
	watch.cb(watch.arg);
}

/* Discards the messages: getifaddrs(3) gives the new state. */
static void
watch_read_cb(struct ev_loop *loop, ev_io *w, int revents)
{
	uint8_t message[4096];

	while (read(w->fd, message, sizeof(message)) > 0)
		continue;
	if (!ev_is_active(&watch.settle)) {
		ev_timer_set(&watch.settle, SETTLE_S, 0.);
		ev_timer_start(loop, &watch.settle);
	}
}

int
ifaddrs_watch(struct ev_loop *loop, ifaddrs_watch_cb *cb, void *arg)
{
	int fd = socket(AF_ROUTE, SOCK_RAW, 0);

	if (fd == -1)
		return errno;
	fcntl(fd, F_SETFD, FD_CLOEXEC);
	fcntl(fd, F_SETFL, O_NONBLOCK);
	watch.cb = cb;
	watch.arg = arg;
	ev_io_init(&watch.readable, watch_read_cb, fd, EV_READ);
	ev_init(&watch.settle, watch_settled_cb);
	ev_io_start(loop, &watch.readable);
	return 0;
}
