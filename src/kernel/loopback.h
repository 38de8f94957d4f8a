/*
 * loopback.h - an address of the daemon's own on the loopback interface, where IPv6 is redirected to.
 *
 * FreeBSD drops what ::1 answers to another address of this host as out of scope (RFC 4007): the first segment of each
 * connection on 13, all of them later; answers to other hosts everywhere. A unique local address (RFC 4193) has
 * no such bounds.
 *
 * loopback_freebsd.c, loopback_none.c; chosen by the build.
 */
#ifndef PFI_LOOPBACK_H
#define PFI_LOOPBACK_H

#include "base/addr.h"

/* Is it the address that the daemon brings along? */
bool loopback_is_own(const union addr *);
/* Puts addr on the loopback interface, when it is the daemon's own. 0; EADDRNOTAVAIL: it is not; else why it
 * cannot be done. */
int loopback_add(const union addr *);
/* Takes it away, if it is there and no daemon with another anchor needs it. */
void loopback_remove(const char *anchor);

#endif
