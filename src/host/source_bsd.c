/* bind(2) tells whether an address is this host's. Ports below 1024 need root, and no socket is bound to a device. */
#include "config.h"

#include "host/source.h"

bool
source_is_here(const struct flow *client)
{
	return true;
}

bool
source_keep(int fd, const struct flow *client, bool keep_port)
{
	return false;
}
