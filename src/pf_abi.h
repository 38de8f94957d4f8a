/*
 * pf_abi.h - what crosses the border to the kernel's pf: a few structures and ioctls.
 *
 * FreeBSD and OpenBSD: the system's own <net/pfvar.h>. macOS ships no such header: our declaration,
 * with static assertions. A system without pf (unit tests): the layout that FreeBSD has, or with
 * -DPF_ABI_MACOS that of macOS.
 *
 * Every choice gives the same names:
 *   struct pfioc_natlook, DIOCNATLOOK, struct pfioc_iface, DIOCSETIFFLAG, DIOCCLRIFFLAG
 *   struct pfioc_table, struct pfr_addr, DIOCRADDADDRS, DIOCRDELADDRS, DIOCRGETADDRS
 *   pf_abi_ask()     fills in the question's ports and what else this system needs
 *   pf_abi_port()    the answer's port
 *   pf_abi_limit()   allows a descriptor nothing but DIOCNATLOOK, where the system can
 *   pf_abi_rdomain() the routing domain that this process is in
 *   PF_ABI_SYSTEM    the row of pf_system.c
 *   PF_ABI_WORKER_DEVICE  what the worker may open for lookups, or NULL: only root may ask
 */
#ifndef PFI_PF_ABI_H
#define PFI_PF_ABI_H

#include <sys/types.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <netinet/in.h>
#include <net/if.h>
#include <stdint.h>

#if defined(__APPLE__) || defined(PF_ABI_MACOS)
#include "pf_abi_macos.h"
#elif defined(__FreeBSD__)
#include "pf_abi_freebsd.h"
#elif defined(__OpenBSD__)
#include "pf_abi_openbsd.h"
#else
#include "pf_abi_none.h"
#endif

#endif
