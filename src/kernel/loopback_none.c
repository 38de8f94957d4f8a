#include "config.h"

#include "kernel/loopback.h"

bool loopback_is_own(const union addr *addr) { return false; }
int loopback_add(const union addr *addr) { return EADDRNOTAVAIL; }
void loopback_remove(const char *anchor) { }
