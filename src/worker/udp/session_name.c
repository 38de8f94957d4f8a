#include "config.h"

#include "wire/quic_initial.h"
#include "worker/name/flow_name.h"
#include "worker/udp/session_route.h"

void
session_name(struct session *s)
{
	const struct worker_env *env = s->all->env;

	if (!flow_name_ask(env->names, &s->record, s->host, ev_now(env->loop)) && quic_engine != NULL &&
	    addr_port(&s->record.dst) == QUIC_PORT)
		s->awaits |= AWAIT_NAME;
}

bool
session_name_hear(struct session *s, bool last)
{
	const struct worker_env *env = s->all->env;
	struct quic_datagram list[SESSION_WAIT_COUNT];
	struct sniffed name;
	size_t n = 0;

	for (const struct datagram *h = s->held.first; h != NULL; h = h->next)
		list[n++] = (struct quic_datagram){ h->data, h->len };
	if (quic_initial_name(list, n, &name) == SNIFF_MORE && !last)
		return false;
	flow_name_heard(env->names, s->policy->conf, &s->record, s->host, &name);
	return true;
}
