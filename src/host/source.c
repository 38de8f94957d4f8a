#include "config.h"

#include "host/source.h"

#include "host/net.h"

/* 0 or an errno value. */
static int
source_take(int fd, const struct flow *client, unsigned device, bool keep_port)
{
	union addr from = client->peer;

	addr_set_port(&from, 0);
	if (source_keep(fd, client, device, keep_port))
		return 0;
	return bind(fd, &from.sa, addr_len(&from)) == -1 ? errno : 0;
}

void
source_bind(int fd, const struct flow *client)
{
	const unsigned device = source_device(client);

	if (source_is_here(client, device))
		source_take(fd, client, device, false);
}

/* Another family than the client's keeps the device only. */
static int
source_try(const struct flow *client, unsigned device, bool keep_port, const union addr *to, int *fd)
{
	int error = net_open(to, fd);

	if (error == 0 && client->peer.sa.sa_family == to->sa.sa_family)
		error = source_take(*fd, client, device, keep_port);
	else if (error == 0)
		source_keep(*fd, client, device, false);
	return net_begin(fd, to, error);
}

int
source_connect(const struct flow *client, bool keep_port, const union addr *to, int *fd)
{
	const unsigned device = source_device(client);
	int error = EADDRNOTAVAIL;

	if (!source_is_here(client, device))
		return net_connect(to, NULL, fd);
	if (keep_port)
		error = source_try(client, device, true, to, fd);
	if (error == EADDRNOTAVAIL || error == EADDRINUSE)      /* the port is not free for this destination */
		error = source_try(client, device, false, to, fd);
	if (error == EADDRNOTAVAIL)     /* the client is another host */
		error = net_connect(to, NULL, fd);
	return error;
}
