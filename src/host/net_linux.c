#include "config.h"

#include "host/net.h"

/* socket(7): allowed without privilege while the socket is bound to no device yet (Linux 5.7). */
int
net_bind_device(int fd, int family, const char *interface)
{
	return setsockopt(fd, SOL_SOCKET, SO_BINDTODEVICE, interface, (socklen_t)strlen(interface)) == -1 ? errno : 0;
}

bool
net_is_reachable(const char *interface)
{
	return true;
}
