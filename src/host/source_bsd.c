/* bind(2) tells whether an address is this host's. Ports below 1024 need root, and no socket is bound to a device. */
#include "config.h"

#include "host/source.h"

unsigned
source_device(const struct flow *client)
{
	return 0;
}

bool
source_is_here(const struct flow *client, unsigned device)
{
	return true;
}

bool
source_keep(int fd, const struct flow *client, unsigned device, bool keep_port)
{
	return false;
}
