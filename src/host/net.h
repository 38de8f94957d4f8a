/*
 * net.h - TCP sockets for connections to servers and proxies.
 *
 * net_linux.c, net_freebsd.c, net_openbsd.c or net_darwin.c has each system's part; the build chooses one.
 *
 * Owner:   the caller owns the sockets.
 * Errors:  0 or an errno value, not logged.
 */
#pragma once

#include "base/addr.h"

/* Begins to connect a new TCP socket, non-blocking, close-on-exec and tuned. interface: the one to use, or NULL for
 * that of the route. 0 or EINPROGRESS: *fd is open, and net_error() gives the outcome once it is writable. Else *fd is
 * -1. */
int net_connect(const union addr *to, const char *interface, int *fd);

/* The two halves of net_connect(), between which a socket can be bound. net_open() opens it; also after an error *fd
 * may be open. net_begin() takes the error so far, and begins to connect if it is 0. */
int net_open(const union addr *to, int *fd);
int net_begin(int *fd, const union addr *to, int error);

/* The pending error of a socket (SO_ERROR); 0 when it is connected. */
int net_error(int fd);

/* Sets TCP_NODELAY, and SO_KEEPALIVE to detect a dead peer in about two minutes. Errors are ignored. */
void net_tune(int fd);

/* Binds a socket to an interface: to the device where the system allows it, else to the interface's first address of
 * the family. ENXIO: it has none. */
int net_bind_interface(int fd, int family, const char *interface);

/* Each system's part: binds to the device. EOPNOTSUPP or EPERM: bind to the address instead. */
int net_bind_device(int fd, int family, const char *interface);

/* Does the interface belong to our routing domain (OpenBSD)? Elsewhere always true. */
bool net_is_reachable(const char *interface);
