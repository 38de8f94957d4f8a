#include "config.h"

#include "host/net.h"

#include <netinet/tcp.h>

#include <fcntl.h>
#include <ifaddrs.h>
#include <unistd.h>

static int
net_bind_first_address(int fd, int family, const char *interface)
{
	struct ifaddrs *list, *ifa;
	socklen_t len = family == AF_INET6 ? sizeof(struct sockaddr_in6) : sizeof(struct sockaddr_in);
	int error = ENXIO;

	if (getifaddrs(&list) == -1)
		return errno;
	for (ifa = list; ifa != NULL; ifa = ifa->ifa_next) {
		if (ifa->ifa_addr == NULL || ifa->ifa_addr->sa_family != family ||
		    strcmp(ifa->ifa_name, interface) != 0)
			continue;
		error = bind(fd, ifa->ifa_addr, len) == -1 ? errno : 0;
		break;
	}
	freeifaddrs(list);
	return error;
}

int
net_bind_interface(int fd, int family, const char *interface)
{
	int error = net_bind_device(fd, family, interface);

	if (error == EOPNOTSUPP || error == EPERM)
		error = net_bind_first_address(fd, family, interface);
	return error;
}

/* tcp(4), tcp(7). On OpenBSD the times are the system's: sysctl net.inet.tcp.keepidle. */
static const struct { int level, option, value; } tuning[] = {
	{ IPPROTO_TCP, TCP_NODELAY, 1 },
	{ SOL_SOCKET, SO_KEEPALIVE, 1 },
#if defined(TCP_KEEPIDLE)
	{ IPPROTO_TCP, TCP_KEEPIDLE, 60 },
#elif defined(TCP_KEEPALIVE)    /* macOS */
	{ IPPROTO_TCP, TCP_KEEPALIVE, 60 },
#endif
#ifdef TCP_KEEPINTVL
	{ IPPROTO_TCP, TCP_KEEPINTVL, 20 },
	{ IPPROTO_TCP, TCP_KEEPCNT, 3 },
#endif
};

void
net_tune(int fd)
{
	for (size_t i = 0; i < sizeof(tuning) / sizeof(tuning[0]); i++)
		setsockopt(fd, tuning[i].level, tuning[i].option, &tuning[i].value, sizeof(tuning[i].value));
}

int
net_error(int fd)
{
	int error = 0;
	socklen_t len = sizeof(error);

	return getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &len) == -1 ? errno : error;
}

int
net_open(const union addr *to, int *fd)
{
	int error = 0;

	*fd = socket(to->sa.sa_family, SOCK_STREAM, 0);
	if (*fd == -1)
		return errno;
	if (fcntl(*fd, F_SETFD, FD_CLOEXEC) == -1 || fcntl(*fd, F_SETFL, O_NONBLOCK) == -1)
		error = errno;
	net_tune(*fd);
	return error;
}

int
net_begin(int *fd, const union addr *to, int error)
{
	if (error == 0 && connect(*fd, &to->sa, addr_len(to)) == -1)
		error = errno == EINTR ? EINPROGRESS : errno;
	if (error != 0 && error != EINPROGRESS && *fd != -1) {
		close(*fd);
		*fd = -1;
	}
	return error;
}

int
net_connect(const union addr *to, const char *interface, int *fd)
{
	int error = net_open(to, fd);

	if (error == 0 && interface != NULL)
		error = net_bind_interface(*fd, to->sa.sa_family, interface);
	return net_begin(fd, to, error);
}
