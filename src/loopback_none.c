#include "config.h"

#include "loopback.h"

#include <errno.h>

int
loopback_add(const union addr *addr)
{
	(void)addr;
	return EADDRNOTAVAIL;
}

void
loopback_remove(void)
{
}
