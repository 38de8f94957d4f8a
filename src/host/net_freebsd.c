#include "config.h"

#include "host/net.h"

/* FreeBSD binds no socket to a device; the source address decides. */
int
net_bind_device(int fd, int family, const char *interface)
{
	return EOPNOTSUPP;
}

bool
net_is_reachable(const char *interface)
{
	return true;
}
