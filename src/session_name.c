#include "config.h"

#include "session_route.h"

#include <string.h>

void
session_name(struct session *s)
{
	struct sessions_env *env = &s->all->env;
	const char *name = names_lookup(env->names, &s->flow.peer, &s->record.dst, ev_now(env->loop));

	if (name == NULL)
		return;
	strncpy(s->host, name, HOST_MAX);
	s->record.host = s->host;
	s->record.via = VIA_DNS;
}
