#include "config.h"

#include "worker/udp/direct.h"

#include <sys/socket.h>

#include <unistd.h>

#include "host/source.h"
#include "host/udp.h"

#define READ_BATCH 64

enum close_reason
direct_reason(int error)
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

static void
direct_read_cb(struct ev_loop *loop, ev_io *w, int revents)
{
	struct direct *d = w->data;
	uint8_t data[UDP_MAX];
	enum close_reason reason;
	ssize_t n;

	for (int i = 0; i < READ_BATCH; i++) {
		n = recv(w->fd, data, sizeof(data), 0);
		if (n == -1) {
			reason = direct_reason(errno);
			if (reason != CLOSE_DONE)
				d->failed(d->arg, reason);
			return;
		}
		d->received(d->arg, data, (size_t)n);
	}
}

enum close_reason
direct_open(struct direct *d, const struct flow *client, const union addr *dst)
{
	int fd, error = udp_socket(dst->sa.sa_family, &fd);

	if (error == 0) {
		source_bind(fd, client);
		error = connect(fd, &dst->sa, addr_len(dst)) == -1 ? errno : 0;
	}
	if (error != 0 && fd != -1)
		close(fd);
	if (error != 0)
		return direct_reason(error) != CLOSE_DONE ? CLOSE_UNREACHABLE : CLOSE_ERROR;
	ev_io_init(&d->readable, direct_read_cb, fd, EV_READ);
	d->readable.data = d;
	ev_io_start(d->loop, &d->readable);
	return CLOSE_DONE;
}

void
direct_close(struct direct *d)
{
	if (!ev_is_active(&d->readable))
		return;
	ev_io_stop(d->loop, &d->readable);
	close(d->readable.fd);
}

int
direct_send(struct direct *d, const uint8_t *msg, size_t len)
{
	return send(d->readable.fd, msg, len, 0) == -1 ? errno : 0;
}
