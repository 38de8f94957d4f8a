/* Uses libproc: looks at both ends of every socket of every process. */
#include "config.h"

#include "kernel/owner.h"

#include <sys/proc_info.h>

#include <libproc.h>

#define SLACK 64                /* entries that may be added between the call for the size and the call for the list */

/* rdr does not change the client's end. */
void
owner_client(int proto, const union addr *local, const union addr *dst, union addr *client)
{
}

struct search {
	int               proto;
	const union addr *client, *dst;
	enum owner_fit    best;
	pid_t             pid;
};

static void
look_at_socket(struct search *s, pid_t pid, int fd)
{
	const bool v6 = s->client->sa.sa_family == AF_INET6;
	struct socket_fdinfo info;
	const struct in_sockinfo *in;
	union addr local, remote;
	enum owner_fit fit;

	if (proc_pidfdinfo(pid, fd, PROC_PIDFDSOCKETINFO, &info, sizeof(info)) < (int)sizeof(info) ||
	    info.psi.soi_protocol != s->proto)
		return;
	if (info.psi.soi_kind == SOCKINFO_TCP)
		in = &info.psi.soi_proto.pri_tcp.tcpsi_ini;
	else if (info.psi.soi_kind == SOCKINFO_IN)
		in = &info.psi.soi_proto.pri_in;
	else
		return;
	if ((in->insi_vflag & (v6 ? INI_IPV6 : INI_IPV4)) == 0)
		return;
	addr_from_bytes(&local, s->client->sa.sa_family, v6 ? (const void *)&in->insi_laddr.ina_6 :
	    &in->insi_laddr.ina_46.i46a_addr4, ntohs((uint16_t)in->insi_lport));
	addr_from_bytes(&remote, s->client->sa.sa_family, v6 ? (const void *)&in->insi_faddr.ina_6 :
	    &in->insi_faddr.ina_46.i46a_addr4, ntohs((uint16_t)in->insi_fport));
	fit = owner_fits(&local, &remote, s->client, s->dst);
	if (fit <= s->best || (s->proto == IPPROTO_TCP && fit != OWNER_CONNECTED))
		return;
	s->best = fit;
	s->pid = pid;
}

static void
look_at_process(struct search *s, pid_t pid)
{
	int size = proc_pidinfo(pid, PROC_PIDLISTFDS, 0, NULL, 0) + SLACK * (int)sizeof(struct proc_fdinfo);
	struct proc_fdinfo *list = malloc((size_t)size);

	if (list == NULL)
		return;
	size = proc_pidinfo(pid, PROC_PIDLISTFDS, 0, list, size);
	for (int i = 0; i < size / (int)sizeof(*list) && s->best != OWNER_CONNECTED; i++)
		if (list[i].proc_fdtype == PROX_FDTYPE_SOCKET)
			look_at_socket(s, pid, list[i].proc_fd);
	free(list);
}

int
owner_find(int proto, const union addr *client, const union addr *dst, uid_t *uid)
{
	struct search s = { .proto = proto, .client = client, .dst = dst };
	struct proc_bsdshortinfo owner;
	int size = proc_listpids(PROC_ALL_PIDS, 0, NULL, 0) + SLACK * (int)sizeof(pid_t);
	pid_t *list = malloc((size_t)size);

	if (list == NULL)
		return ENOMEM;
	size = proc_listpids(PROC_ALL_PIDS, 0, list, size);
	for (int i = 0; i < size / (int)sizeof(*list) && s.best != OWNER_CONNECTED; i++)
		look_at_process(&s, list[i]);
	free(list);
	if (s.best == OWNER_NOT ||
	    proc_pidinfo(s.pid, PROC_PIDT_SHORTBSDINFO, 0, &owner, sizeof(owner)) < (int)sizeof(owner))
		return ENOENT;
	*uid = owner.pbsi_uid;
	return 0;
}
