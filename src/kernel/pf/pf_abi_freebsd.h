/*
 * pf_abi_freebsd.h - <net/pfvar.h> of FreeBSD, and capsicum(4) for its descriptor.
 */
#pragma once

#include <sys/capsicum.h>
#include <net/pfvar.h>

#define PF_ABI_SYSTEM   pf_freebsd
#define PF_ABI_WORKER_DEVICE "/dev/pf"
#define PF_ABI_LIMIT(fd) pf_abi_capsicum(fd)

static inline int
pf_abi_capsicum(int fd)
{
	const unsigned long allowed[] = { DIOCNATLOOK };
	cap_rights_t rights;

	cap_rights_init(&rights, CAP_IOCTL);
	if ((cap_rights_limit(fd, &rights) == -1 || cap_ioctls_limit(fd, allowed, 1) == -1) && errno != ENOSYS)
		return errno;
	return 0;
}
