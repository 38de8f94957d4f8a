#include "config.h"

#include "kernel/owner.h"

enum owner_fit
owner_fits(const union addr *local, const union addr *remote, const union addr *client, const union addr *dst)
{
	const bool bound = addr_same_ip(local, client), connected = addr_port(remote) != 0;

	if (local->sa.sa_family != client->sa.sa_family || addr_port(local) != addr_port(client) ||
	    !(bound || addr_is_any(local)) || (connected && !addr_equal(remote, dst)))
		return OWNER_NOT;
	return connected ? OWNER_CONNECTED : bound ? OWNER_BOUND : OWNER_ANY;
}
