/*
 * pf_abi_freebsd.h - <net/pfvar.h> of FreeBSD, and capsicum(4) for its descriptor.
 */
#ifndef PFI_PF_ABI_FREEBSD_H
#define PFI_PF_ABI_FREEBSD_H

#include <sys/capsicum.h>
#include <net/pfvar.h>

#include <errno.h>

#define PF_ABI_SYSTEM   pf_freebsd
#define PF_ABI_WORKER_DEVICE "/dev/pf"

static inline void
pf_abi_ask(struct pfioc_natlook *nl, uint16_t sport, uint16_t dport)
{
	nl->sport = htons(sport);
	nl->dport = htons(dport);
}

static inline uint16_t
pf_abi_port(const struct pfioc_natlook *nl)
{
	return ntohs(nl->rdport);
}

static inline int
pf_abi_limit(int fd)
{
	const unsigned long allowed[] = { DIOCNATLOOK };
	cap_rights_t rights;

	cap_rights_init(&rights, CAP_IOCTL);
	if ((cap_rights_limit(fd, &rights) == -1 || cap_ioctls_limit(fd, allowed, 1) == -1) && errno != ENOSYS)
		return errno;
	return 0;
}

static inline unsigned
pf_abi_rdomain(void)
{
	return 0;
}

#endif
