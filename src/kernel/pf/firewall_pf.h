/*
 * firewall_pf.h - the backend for pf with rdr (macOS, FreeBSD): DIOCNATLOOK tells the original destination.
 *
 * With a descriptor of /dev/pf the worker asks itself (FreeBSD: opened as root, limited to this ioctl, good
 * after the privileges are gone). Without one it asks the helper (macOS: root only, at every call).
 */
#ifndef PFI_FIREWALL_PF_H
#define PFI_FIREWALL_PF_H

#include "kernel/firewall.h"
#include "kernel/pf/pf_natlook.h"

/* firewall_new() with another ioctl(2), for tests. */
struct firewall *firewall_pf_new(struct ev_loop *, struct ipc *, int device, pf_ioctl_fn *);

#endif
