#include "config.h"

#include "proxy/handshake.h"

#include "base/arena.h"

#include <sys/socket.h>

#include <unistd.h>

void
handshake_wipe(struct handshake *hs)
{
	arena_wipe(hs->out, sizeof(hs->out));
}

enum handshake_status
handshake_begin(struct handshake *hs, const struct conf_proxy *proxy, const struct target *target)
{
	handshake_wipe(hs);
	memset(hs, 0, sizeof(*hs));
	hs->ops = proxy->kind->handshake;
	hs->proxy = proxy;
	hs->target = *target;
	if (addr_is_set(&target->addr) && !target_is_by_name(target->name, proxy))
		hs->target.host = NULL;
	if (target->associate && !proxy->kind->carries_udp)
		return handshake_fail(hs, CLOSE_SOCKS_COMMAND, true);
	return hs->ops->start(hs);
}

bool
handshake_is_sending(const struct handshake *hs)
{
	return hs->out_len > 0;
}

bool
handshake_blames_proxy(const struct handshake *hs)
{
	switch (hs->reason) {
	case CLOSE_PROXY_PROTOCOL:
	case CLOSE_PROXY_METHOD:
	case CLOSE_PROXY_AUTH:
		return true;
	case CLOSE_PROXY_CLOSED:
	case CLOSE_PROXY_TIMEOUT:
		return !hs->spoke;
	default:
		return false;
	}
}

/* After a failed system call: try again later, or the connection has ended. */
static enum handshake_status
handshake_later_or_closed(struct handshake *hs, int error)
{
	if (error == EAGAIN || error == EWOULDBLOCK || error == EINTR)
		return HANDSHAKE_MORE;
	return handshake_fail(hs, CLOSE_PROXY_CLOSED, true);
}

static enum handshake_status
handshake_send(struct handshake *hs, int fd)
{
	ssize_t n;

	while (hs->sent < hs->out_len) {
		n = write(fd, hs->out + hs->sent, hs->out_len - hs->sent);
		if (n == -1)
			return handshake_later_or_closed(hs, errno);
		hs->sent += (size_t)n;
	}
	handshake_wipe(hs);
	hs->out_len = hs->sent = 0;
	return HANDSHAKE_MORE;
}

static enum handshake_status
handshake_receive(struct handshake *hs, int fd)
{
	uint8_t data[HANDSHAKE_IN_MAX];
	ssize_t n = recv(fd, data, hs->want, hs->peek ? MSG_PEEK : 0);
	enum handshake_status status;

	if (n <= 0)
		return handshake_later_or_closed(hs, n == 0 ? ECONNRESET : errno);
	status = hs->ops->input(hs, data, (size_t)n);
	if (hs->peek && recv(fd, data, hs->used, 0) != (ssize_t)hs->used)
		return handshake_later_or_closed(hs, EIO);
	return status;
}

enum handshake_status
handshake_go_on(struct handshake *hs, int fd)
{
	enum handshake_status status = HANDSHAKE_MORE;

	if (!handshake_is_sending(hs))
		status = handshake_receive(hs, fd);
	if (status == HANDSHAKE_MORE && handshake_is_sending(hs))
		status = handshake_send(hs, fd);
	return status;
}
