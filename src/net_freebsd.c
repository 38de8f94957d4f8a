#include "config.h"

#include "net.h"

#include <netinet/tcp.h>

#include <errno.h>

/* FreeBSD binds no socket to a device; the source address decides. */
int
net_bind_device(int fd, int family, const char *interface)
{
	return EOPNOTSUPP;
}

void
net_tune_keepalive(int fd, int idle_s, int interval_s, int probes)
{
	setsockopt(fd, IPPROTO_TCP, TCP_KEEPIDLE, &idle_s, sizeof(idle_s));
	setsockopt(fd, IPPROTO_TCP, TCP_KEEPINTVL, &interval_s, sizeof(interval_s));
	setsockopt(fd, IPPROTO_TCP, TCP_KEEPCNT, &probes, sizeof(probes));
}

bool
net_is_reachable(const char *interface)
{
	return true;
}
