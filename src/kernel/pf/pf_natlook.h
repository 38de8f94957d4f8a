/*
 * pf_natlook.h - DIOCNATLOOK: where did this redirected flow want to go?
 *
 * Sources: pf(4). The question is asked as for the return traffic: source = the client, destination =
 *          the address where the flow arrived, direction = out. Addresses and ports are the exact ones
 *          of the state: a listener's wildcard address finds nothing.
 * Errors:  errno values of the kernel:
 *          ENOENT  no such state: not redirected, expired, or not inserted yet
 *          E2BIG   several states fit (macOS: two; FreeBSD: three)
 *          EPERM   macOS: only root may ask, at every call
 */
#ifndef PFI_PF_NATLOOK_H
#define PFI_PF_NATLOOK_H

#include "base/addr.h"

/* ioctl(2), or a test's stand-in: 0, or -1 with errno. */
typedef int pf_ioctl_fn(int fd, unsigned long request, void *arg);

/* The system's ioctl(2). */
int pf_ioctl_native(int fd, unsigned long request, void *arg);

/* 0: *dst filled. EINVAL, without asking: the kernel would refuse (wildcard address, port 0,
 * families that differ, neither TCP nor UDP). v4-mapped addresses are unmapped; scope ids play no part. */
int pf_natlook(int fd, pf_ioctl_fn *, int proto, const union addr *peer, const union addr *local,
    union addr *dst);

#endif
