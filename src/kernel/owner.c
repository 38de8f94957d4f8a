#include "config.h"

#include "kernel/owner.h"

#include "host/ifaddrs.h"

static int
owner_check(const struct ipc_owner *q)
{
	const union addr *const ends[] = { &q->client, &q->dst, &q->local };
	const int family = q->client.sa.sa_family;

	if ((q->proto != IPPROTO_TCP && q->proto != IPPROTO_UDP) ||
	    (family != AF_INET && family != AF_INET6))
		return EINVAL;
	for (size_t i = 0; i < 3; i++)
		if (ends[i]->sa.sa_family != family || addr_port(ends[i]) == 0 || addr_is_any(ends[i]))
			return EINVAL;
	return 0;
}

void
owner_serve(struct ipc *ipc, const struct ipc_msg *msg)
{
	struct ipc_msg answer = { .type = msg->type, .id = msg->id, .error = owner_check(&msg->owner) };
	const struct ipc_owner *q = &msg->owner;
	union addr client = q->client;
	uid_t uid = 0;

	/* Only flows of this host: a forwarded one could match an unbound socket here that has the same port. */
	if (answer.error == 0)
		answer.error = ifaddrs_has(&client);
	if (answer.error == 0) {
		owner_client(q->proto, &q->local, &q->dst, &client);
		answer.error = owner_find(q->proto, &client, &q->dst, &uid);
	}
	answer.owner.uid = uid;
	ipc_send(ipc, &answer, -1);
}
