#include "config.h"

#include "net.h"

#include <errno.h>

/* OpenBSD binds no socket to a device; the source address decides. */
int
net_bind_device(int fd, int family, const char *interface)
{
	(void)fd, (void)family, (void)interface;
	return EOPNOTSUPP;
}

/* The times are the system's: sysctl net.inet.tcp.keepidle. */
void
net_tune_keepalive(int fd, int idle_s, int interval_s, int probes)
{
	(void)fd, (void)idle_s, (void)interval_s, (void)probes;
}
