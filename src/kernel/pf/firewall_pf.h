/*
 * firewall_pf.h - the backend of firewall.h for pf with rdr (macOS, FreeBSD): DIOCNATLOOK gives the destination.
 *
 * With a descriptor of /dev/pf the worker looks up by itself (FreeBSD: opened as root, restricted to this ioctl).
 * Without one it asks the helper (macOS: every lookup needs root).
 */
#pragma once

#include "kernel/firewall.h"
#include "kernel/pf/pf_natlook.h"

/* firewall_new() with another ioctl(2), for tests. */
struct firewall *firewall_pf_new(struct ev_loop *, struct ipc *, int device, pf_ioctl_fn *);
