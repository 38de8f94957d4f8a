/*
 * net.h - TCP sockets towards servers and proxies, the way this program wants them.
 *
 * What differs between systems is in net_linux.c, net_freebsd.c, net_openbsd.c and net_darwin.c;
 * the build chooses one.
 *
 * Errors:  errno values.
 */
#ifndef PFI_NET_H
#define PFI_NET_H

#include "base/addr.h"

/* Begins to connect a new non-blocking, close-on-exec, tuned TCP socket. interface: a network interface
 * to leave by, or NULL for the route's. 0 or EINPROGRESS: *fd is the caller's, and net_error()
 * tells the outcome once it is writable. Else *fd is -1. */
int net_connect(const union addr *to, const char *interface, int *fd);

/* The pending error of a socket (SO_ERROR); 0 when it is connected. */
int net_error(int fd);

/* TCP_NODELAY, and SO_KEEPALIVE that finds a dead peer in about two minutes. Failure does not matter. */
void net_tune(int fd);

/* Leaves by this interface: bound to the device where the system allows it, else to
 * the interface's first address of the family. ENXIO: it has none. */
int net_bind_interface(int fd, int family, const char *interface);

/* The systems' own part. EOPNOTSUPP or EPERM: bind to the interface's address instead. */
int net_bind_device(int fd, int family, const char *interface);

/* Does the interface share our routes and addresses? OpenBSD: is it in our routing domain; elsewhere: yes. */
bool net_is_reachable(const char *interface);

#endif
