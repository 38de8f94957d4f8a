/*
 * pf_abi_openbsd.h - <net/pfvar.h> of OpenBSD.
 */
#ifndef PFI_PF_ABI_OPENBSD_H
#define PFI_PF_ABI_OPENBSD_H

#include <net/pfvar.h>

#define PF_ABI_SYSTEM   pf_openbsd
#define PF_ABI_WORKER_DEVICE NULL

static inline void
pf_abi_ask(struct pfioc_natlook *nl, uint16_t sport, uint16_t dport)
{
	nl->sport = htons(sport);
	nl->dport = htons(dport);
	nl->rdomain = (uint16_t)getrtable();
}

static inline uint16_t
pf_abi_port(const struct pfioc_natlook *nl)
{
	return ntohs(nl->rdport);
}

static inline int
pf_abi_limit(int fd)
{
	(void)fd;
	return 0;
}

static inline unsigned
pf_abi_rdomain(void)
{
	return (unsigned)getrtable();
}

#endif
