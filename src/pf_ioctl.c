#include "config.h"

#include "pf_ioctl.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "pf_abi.h"

int
pf_skip_set(const struct pf_env *env, const char *interface, bool skip)
{
	struct pfioc_iface req;
	int error = 0;
	int fd;

	memset(&req, 0, sizeof(req));
	if (strlen(interface) >= sizeof(req.pfiio_name))
		return EINVAL;
	strcpy(req.pfiio_name, interface);
	req.pfiio_flags = PFI_IFLAG_SKIP;
	fd = open(env->device, O_RDWR | O_CLOEXEC);
	if (fd == -1)
		return errno;
	if (env->ioctl(fd, skip ? DIOCSETIFFLAG : DIOCCLRIFFLAG, &req) == -1)
		error = errno;
	close(fd);
	return error;
}
