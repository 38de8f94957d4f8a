#include "config.h"

#include "host/net.h"

#include <sys/ioctl.h>
#include <sys/sockio.h>
#include <net/if.h>

#include <unistd.h>

/* OpenBSD binds no socket to a device; the source address decides. */
int
net_bind_device(int fd, int family, const char *interface)
{
	return EOPNOTSUPP;
}

/* An address in another routing domain is foreign, and may even equal one of ours. */
bool
net_is_reachable(const char *interface)
{
	struct ifreq req;
	bool other = false;
	int fd = socket(AF_INET, SOCK_DGRAM, 0);

	if (fd == -1)
		return true;
	memset(&req, 0, sizeof(req));
	strlcpy(req.ifr_name, interface, sizeof(req.ifr_name));
	if (ioctl(fd, SIOCGIFRDOMAIN, &req) == 0)
		other = req.ifr_rdomainid != getrtable();
	close(fd);
	return !other;
}
