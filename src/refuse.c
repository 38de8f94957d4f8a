#include "config.h"

#include "refuse.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "log.h"

void
refuse_init(struct refuse *r)
{
	memset(r, 0, sizeof(*r));
	r->fd[0] = r->fd[1] = -1;
}

void
refuse_close(struct refuse *r)
{
	for (int i = 0; i < 2; i++) {
		if (r->fd[i] != -1)
			close(r->fd[i]);
		r->fd[i] = -1;
	}
}

/* One host, with a port, that can have sent a datagram or been meant by one. */
static bool
refuse_is_host(const union addr *addr)
{
	return (addr->sa.sa_family == AF_INET || addr->sa.sa_family == AF_INET6) && addr_port(addr) != 0 &&
	    !addr_is_any(addr) && !addr_is_multicast(addr) && !addr_is_loopback(addr) &&
	    (addr->sa.sa_family != AF_INET || addr->in.sin_addr.s_addr != INADDR_BROADCAST);
}

static int
refuse_check(const struct ipc_msg *msg)
{
	if (msg->naddrs != 2 || !refuse_is_host(&msg->addrs[0]) || !refuse_is_host(&msg->addrs[1]) ||
	    msg->addrs[0].sa.sa_family != msg->addrs[1].sa.sa_family)
		return EINVAL;
	return 0;
}

void
refuse_serve(struct refuse *r, const struct ipc_msg *msg, double now)
{
	const union addr *client = &msg->addrs[0], *dst = &msg->addrs[1];
	int error = refuse_check(msg), *fd = &r->fd[client->sa.sa_family == AF_INET6];

	if (error == 0 && !rate_take(&r->rate, REFUSE_PER_SECOND, now))
		return;
	if (error == 0 && *fd == -1)
		error = refuse_open(client->sa.sa_family, fd);
	if (error == 0)
		error = refuse_send(*fd, client, dst);
	if (error != 0 && !r->warned) {
		log_info("a client cannot be told that its datagrams are refused: %s", strerror(error));
		r->warned = true;
	}
}
