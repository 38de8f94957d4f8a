#include "config.h"

#include "kernel/pf/pf_ioctl.h"

#include <fcntl.h>
#include <unistd.h>

#include "kernel/pf/pf_abi.h"

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

static int
table_request(const struct pf_env *env, const char *path, const char *table, unsigned long request,
    struct pfioc_table *req)
{
	int error = 0, fd;

	snprintf(req->pfrio_table.pfrt_anchor, sizeof(req->pfrio_table.pfrt_anchor), "%s", path);
	snprintf(req->pfrio_table.pfrt_name, sizeof(req->pfrio_table.pfrt_name), "%s", table);
	req->pfrio_esize = sizeof(struct pfr_addr);
	fd = open(env->device, O_RDWR | O_CLOEXEC);
	if (fd == -1 || env->ioctl(fd, request, req) == -1)
		error = errno;
	if (fd != -1)
		close(fd);
	return error;
}

int
pf_table_change(const struct pf_env *env, const char *path, const char *table, bool add,
    const union addr *list, size_t n, size_t *changed)
{
	struct pfr_addr *addrs = calloc(n, sizeof(*addrs));
	struct pfioc_table req;
	int error;

	memset(&req, 0, sizeof(req));
	req.pfrio_buffer = addrs;
	req.pfrio_size = (int)n;
	for (size_t i = 0; addrs != NULL && i < n; i++) {
		const struct network net = network_of(&list[i]);

		addrs[i].pfra_af = (uint8_t)net.family;
		addrs[i].pfra_net = net.prefix;
		memcpy(&addrs[i].pfra_u, net.bytes, sizeof(net.bytes));
	}
	error = addrs != NULL ? table_request(env, path, table, add ? DIOCRADDADDRS : DIOCRDELADDRS, &req) : ENOMEM;
	free(addrs);
	*changed = error == 0 ? (size_t)(add ? req.pfrio_nadd : req.pfrio_ndel) : 0;
	return error;
}

/* With room for none, DIOCRGETADDRS returns the number of addresses. */
int
pf_table_count(const struct pf_env *env, const char *path, const char *table, size_t *count)
{
	struct pfr_addr none;
	struct pfioc_table req;
	int error;

	memset(&req, 0, sizeof(req));
	req.pfrio_buffer = &none;
	error = table_request(env, path, table, DIOCRGETADDRS, &req);
	*count = (size_t)req.pfrio_size;
	return error;
}
