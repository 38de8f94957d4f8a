#include "config.h"

#include "kernel/owner.h"

#include <unistd.h>

#include "conf/rule.h"

uint32_t
owner_ask(struct ipc *ipc, const struct conf *conf, const struct flow *flow, const union addr *dst, ipc_answer *answer,
    void *arg)
{
	struct ipc_msg msg = { .type = IPC_OWNER,
		.owner = { .proto = flow->proto, .client = flow->peer, .dst = *dst, .local = flow->local } };

	return conf->asks_user ? ipc_request(ipc, &msg, OWNER_MS, answer, arg) : 0;
}

uid_t
owner_from_answer(int error, const struct ipc_msg *msg, int fd)
{
	if (fd != -1)
		close(fd);
	return error == 0 && msg != NULL ? (uid_t)msg->owner.uid : RULE_USER_UNKNOWN;
}
