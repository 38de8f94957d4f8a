/*
 * loopback.h - an address that the daemon adds to the loopback interface, as the target of redirected IPv6 (FreeBSD).
 *
 * FreeBSD drops packets from ::1 to another address of this host as out of scope (RFC 4007): on 13 the first segment of
 * each connection, on later versions all; packets to other hosts everywhere. A unique local address (RFC 4193) has no
 * such limit.
 *
 * loopback_freebsd.c, loopback_none.c; the build chooses one.
 */
#pragma once

#include "base/addr.h"

/* Is it the address that the daemon adds itself? */
bool loopback_is_own(const union addr *);
/* Adds addr to the loopback interface. 0; EADDRNOTAVAIL: it is another address; else the errno value of ifconfig(8). */
int loopback_add(const union addr *);
/* Removes it, unless a daemon with another anchor needs it. */
void loopback_remove(const char *anchor);
