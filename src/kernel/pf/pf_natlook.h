/*
 * pf_natlook.h - DIOCNATLOOK: the original destination of a flow that rdr redirected.
 *
 * Sources: pf(4). The request has source = the client, destination = the address where the flow arrived, direction =
 *          out. Addresses and ports must be exactly those of the state: a wildcard address finds nothing.
 * Errors:  errno values of the kernel:
 *          ENOENT  no state: not redirected, expired, or not inserted yet
 *          E2BIG   several states fit (macOS: two; FreeBSD: three)
 *          EPERM   macOS: the caller is not root
 */
#pragma once

#include "base/addr.h"

/* ioctl(2), or its stand-in in a test: 0, or -1 with errno. */
typedef int pf_ioctl_fn(int fd, unsigned long request, void *arg);

/* The system's ioctl(2). */
int pf_ioctl_native(int fd, unsigned long request, void *arg);

/* 0: *dst is filled in. EINVAL, without an ioctl: a wildcard address, port 0, different families, or neither TCP nor
 * UDP. v4-mapped addresses are unmapped; scope ids are ignored. */
int pf_natlook(int fd, pf_ioctl_fn *, int proto, const union addr *peer, const union addr *local,
    union addr *dst);
