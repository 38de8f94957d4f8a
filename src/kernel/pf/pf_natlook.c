#include "config.h"

#include "kernel/pf/pf_natlook.h"

#include "kernel/pf/pf_abi.h"

int
pf_ioctl_native(int fd, unsigned long request, void *arg)
{
	return ioctl(fd, request, arg);
}

static bool
askable(int proto, const union addr *peer, const union addr *local)
{
	const int family = peer->sa.sa_family;

	return (proto == IPPROTO_TCP || proto == IPPROTO_UDP) &&
	    (family == AF_INET || family == AF_INET6) && local->sa.sa_family == family &&
	    addr_port(peer) != 0 && addr_port(local) != 0 &&
	    !addr_is_any(peer) && !addr_is_any(local);
}

int
pf_natlook(int fd, pf_ioctl_fn *ask, int proto, const union addr *peer, const union addr *local,
    union addr *dst)
{
	union addr client = *peer, listener = *local;
	struct pfioc_natlook nl;

	addr_unmap(&client);
	addr_unmap(&listener);
	if (!askable(proto, &client, &listener))
		return EINVAL;
	memset(&nl, 0, sizeof(nl));
	nl.af = (uint8_t)client.sa.sa_family;
	nl.proto = (uint8_t)proto;
	nl.direction = PF_OUT;
	addr_copy_bytes(&nl.saddr, &client);
	addr_copy_bytes(&nl.daddr, &listener);
	pf_abi_ask(&nl, addr_port(&client), addr_port(&listener));
	if (ask(fd, DIOCNATLOOK, &nl) == -1)
		return errno;
	addr_from_bytes(dst, client.sa.sa_family, &nl.rdaddr, pf_abi_port(&nl));
	return 0;
}
