#include "config.h"

#include "kernel/firewall.h"

void
firewall_add_listener(struct firewall *fw, const union addr *addr)
{
	if (fw->nown < sizeof(fw->own) / sizeof(fw->own[0]) && !firewall_is_listener(fw, addr))
		fw->own[fw->nown++] = *addr;
}

bool
firewall_is_listener(const struct firewall *fw, const union addr *addr)
{
	for (size_t i = 0; i < fw->nown; i++)
		if (addr_equal(&fw->own[i], addr) ||
		    (addr_is_any(&fw->own[i]) && addr_port(&fw->own[i]) == addr_port(addr)))
			return true;
	return false;
}
