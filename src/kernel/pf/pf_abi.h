/*
 * pf_abi.h - the structures and ioctls of the kernel's pf that this program uses.
 *
 * FreeBSD and OpenBSD: the system's own <net/pfvar.h>. macOS ships no such header, and a system without pf (unit
 * tests) has none: our declaration, with -DPF_ABI_MACOS as on macOS. tests/unit/abi_pf.c checks them all.
 *
 * Every choice gives the same names:
 *   struct pfioc_natlook, DIOCNATLOOK, struct pfioc_iface, DIOCSETIFFLAG, DIOCCLRIFFLAG
 *   struct pfioc_table, struct pfr_addr, DIOCRADDADDRS, DIOCRDELADDRS, DIOCRGETADDRS
 *   pf_abi_ask()     fills in the ports of a request, and other fields that this system needs
 *   pf_abi_port()    the port of an answer
 *   pf_abi_limit()   restricts a descriptor to DIOCNATLOOK, where the system can
 *   pf_abi_rdomain() the routing domain that this process is in
 *   PF_ABI_SYSTEM    the row of pf_system.c
 *   PF_ABI_WORKER_DEVICE  the device that the worker opens for lookups; NULL: only root may ask
 */
#pragma once

#include <sys/types.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <netinet/in.h>
#include <net/if.h>

#if defined(__APPLE__) && !defined(PF_ABI_MACOS)
#define PF_ABI_MACOS
#endif

#if defined(__FreeBSD__)
#include "kernel/pf/pf_abi_freebsd.h"
#elif defined(__OpenBSD__)
#include "kernel/pf/pf_abi_openbsd.h"
#else
#include "kernel/pf/pf_abi_declared.h"
#endif

#ifndef PF_ABI_RDOMAIN
#define PF_ABI_RDOMAIN   0u
#endif
#ifndef PF_ABI_LIMIT
#define PF_ABI_LIMIT(fd) ((void)(fd), 0)
#endif
#ifndef PF_ABI_ASK_MORE
#define PF_ABI_ASK_MORE(nl) ((void)0)
#endif

#ifndef PF_ABI_MACOS
static inline void
pf_abi_ask(struct pfioc_natlook *nl, uint16_t sport, uint16_t dport)
{
	nl->sport = htons(sport);
	nl->dport = htons(dport);
	PF_ABI_ASK_MORE(nl);
}

static inline uint16_t
pf_abi_port(const struct pfioc_natlook *nl)
{
	return ntohs(nl->rdport);
}
#endif

static inline int
pf_abi_limit(int fd)
{
	return PF_ABI_LIMIT(fd);
}

static inline unsigned
pf_abi_rdomain(void)
{
	return PF_ABI_RDOMAIN;
}
