/* TCP: the sysctl of identd(8), net.inet.tcp.ident. UDP: the sockets in the list of all open files, kern.file. */
#include "config.h"

#include "kernel/owner.h"

#include <sys/file.h>
#include <sys/queue.h>
#include <sys/sysctl.h>
#include <sys/timeout.h>
#include <netinet/tcp.h>
#include <netinet/tcp_timer.h>
#include <netinet/tcp_var.h>

#include <unistd.h>

#define TRIES 3         /* the list may grow between the call for its size and the call for it */

/* divert-to does not change the client's end. */
void
owner_client(int proto, const union addr *local, const union addr *dst, union addr *client)
{
}

static int
find_tcp(const union addr *client, const union addr *dst, uid_t *uid)
{
	const int mib[] = { CTL_NET, PF_INET, IPPROTO_TCP, TCPCTL_IDENT };
	struct tcp_ident_mapping ident;
	size_t len = sizeof(ident);

	memset(&ident, 0, sizeof(ident));
	memcpy(&ident.laddr, client, addr_len(client));
	memcpy(&ident.faddr, dst, addr_len(dst));
	ident.rdomain = (unsigned)getrtable();
	if (sysctl(mib, 4, &ident, &len, NULL, 0) == -1)
		return errno;
	if (ident.euid == -1)
		return ENOENT;
	*uid = (uid_t)ident.euid;
	return 0;
}

/* All open files, malloc'd; NULL with errno set. */
static struct kinfo_file *
files(size_t *count)
{
	int mib[] = { CTL_KERN, KERN_FILE, KERN_FILE_BYPID, -1, sizeof(struct kinfo_file), 0 };
	struct kinfo_file *list = NULL, *grown;
	size_t len = 0;

	for (int i = 0; i < TRIES && sysctl(mib, 6, NULL, &len, NULL, 0) == 0; i++) {
		if ((grown = realloc(list, len)) == NULL)
			break;
		list = grown;
		mib[5] = (int)(len / sizeof(*list));
		if (sysctl(mib, 6, list, &len, NULL, 0) == 0) {
			*count = len / sizeof(*list);
			return list;
		}
		mib[5] = 0;
	}
	free(list);
	return NULL;
}

static int
find_udp(const union addr *client, const union addr *dst, uid_t *uid)
{
	const int family = client->sa.sa_family;
	enum owner_fit fit, best = OWNER_NOT;
	union addr local, remote;
	size_t count;
	struct kinfo_file *list = files(&count), *kf;

	if (list == NULL)
		return errno;
	for (kf = list; kf < list + count; kf++) {
		if (kf->f_type != DTYPE_SOCKET || kf->so_type != SOCK_DGRAM || kf->so_family != (uint32_t)family ||
		    kf->so_protocol != IPPROTO_UDP || kf->inp_rtableid != (uint32_t)getrtable())
			continue;
		addr_from_bytes(&local, family, kf->inp_laddru, ntohs((uint16_t)kf->inp_lport));
		addr_from_bytes(&remote, family, kf->inp_faddru, ntohs((uint16_t)kf->inp_fport));
		fit = owner_fits(&local, &remote, client, dst);
		if (fit > best) {
			best = fit;
			*uid = kf->f_uid;
		}
	}
	free(list);
	return best == OWNER_NOT ? ENOENT : 0;
}

int
owner_find(int proto, const union addr *client, const union addr *dst, uid_t *uid)
{
	return proto == IPPROTO_TCP ? find_tcp(client, dst, uid) : find_udp(client, dst, uid);
}
