#include "config.h"

#include "kernel/firewall.h"

void
firewall_add_listener(struct firewall *fw, const union addr *addr)
{
	if (fw->nlisteners < sizeof(fw->listeners) / sizeof(fw->listeners[0]) && !firewall_is_listener(fw, addr))
		fw->listeners[fw->nlisteners++] = *addr;
}

bool
firewall_is_listener(const struct firewall *fw, const union addr *addr)
{
	for (size_t i = 0; i < fw->nlisteners; i++)
		if (addr_equal(&fw->listeners[i], addr) ||
		    (addr_is_any(&fw->listeners[i]) && addr_port(&fw->listeners[i]) == addr_port(addr)))
			return true;
	return false;
}
