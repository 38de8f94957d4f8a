/* The sysctls net.inet.tcp.getcred and its siblings give the credentials of the socket with these two addresses. pf
 * knows the port of the client before our nat rule changed it. */
#include "config.h"

#include "kernel/owner.h"

#include <sys/sysctl.h>
#include <sys/ucred.h>

#include <fcntl.h>
#include <unistd.h>

#include "kernel/pf/pf_abi.h"

/* The flow's first state is the one towards dst. A lookup with direction "in" takes the address after nat, and gives
 * the one before. */
void
owner_client(int proto, const union addr *local, const union addr *dst, union addr *client)
{
	struct pfioc_natlook nl;
	int fd = open("/dev/pf", O_RDONLY | O_CLOEXEC);

	if (fd == -1)
		return;
	memset(&nl, 0, sizeof(nl));
	nl.af = (uint8_t)client->sa.sa_family;
	nl.proto = (uint8_t)proto;
	nl.direction = PF_IN;
	addr_copy_bytes(&nl.saddr, client);
	addr_copy_bytes(&nl.daddr, dst);
	pf_abi_ask(&nl, addr_port(client), addr_port(dst));
	if (ioctl(fd, DIOCNATLOOK, &nl) == 0)
		addr_from_bytes(client, client->sa.sa_family, &nl.rsaddr, ntohs(nl.rsport));
	close(fd);
}

int
owner_find(int proto, const union addr *client, const union addr *dst, uid_t *uid)
{
	const bool ipv6 = client->sa.sa_family == AF_INET6;
	const char *name = proto == IPPROTO_TCP ? ipv6 ? "net.inet6.tcp6.getcred" : "net.inet.tcp.getcred" :
	    ipv6 ? "net.inet6.udp6.getcred" : "net.inet.udp.getcred";
	const struct sockaddr_in ends[] = { client->in, dst->in };
	const struct sockaddr_in6 ends6[] = { client->in6, dst->in6 };
	struct xucred cred;
	size_t len = sizeof(cred);

	if (sysctlbyname(name, &cred, &len, ipv6 ? (const void *)ends6 : ends,
	    ipv6 ? sizeof(ends6) : sizeof(ends)) == -1)
		return errno;
	if (len != sizeof(cred) || cred.cr_version != XUCRED_VERSION)
		return EBADMSG;
	*uid = cred.cr_uid;
	return 0;
}
