#include "config.h"

#include "kernel/refuse.h"

#include <unistd.h>

#include "base/log.h"

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

/* Is it an address of one host, with a port, that can be the source or destination of a datagram? */
static bool
refuse_is_host(const union addr *addr, int family)
{
	return (family == AF_INET || family == AF_INET6) && addr->sa.sa_family == family && addr_port(addr) != 0 &&
	    !addr_is_any(addr) && !addr_is_multicast(addr) && !addr_is_loopback(addr) &&
	    (family != AF_INET || addr->in.sin_addr.s_addr != INADDR_BROADCAST);
}

void
refuse_serve(struct refuse *r, const struct ipc_msg *msg, double now)
{
	const union addr *client = &msg->refuse.client, *dst = &msg->refuse.dst;
	const int family = client->sa.sa_family;
	int error = EINVAL, *fd = &r->fd[family == AF_INET6];

	if (refuse_is_host(client, family) && refuse_is_host(dst, family))
		error = 0;
	if (error == 0 && !rate_take(&r->rate, REFUSE_PER_SECOND, now))
		return;
	if (error == 0 && *fd == -1)
		error = refuse_open(family, fd);
	if (error == 0)
		error = refuse_send(*fd, client, dst);
	if (error != 0 && !r->warned) {
		log_info("a client cannot be told that its datagrams are refused: %s", strerror(error));
		r->warned = true;
	}
}
