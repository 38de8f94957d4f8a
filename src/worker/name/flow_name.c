#include "config.h"

#include "worker/name/flow_name.h"

#include <inttypes.h>
#include <string.h>

#include "base/log.h"

bool
flow_name_ask(struct names *names, struct flow_record *record, char host[HOST_MAX + 1], double now)
{
	const char *name = names_lookup(names, &record->peer, &record->dst, now);

	if (name == NULL)
		return false;
	strncpy(host, name, HOST_MAX);
	record->host = host;
	record->via = VIA_DNS;
	return !names_is_shared(names, &record->dst);
}

void
flow_name_heard(struct names *names, const struct conf *conf, struct flow_record *record, char host[HOST_MAX + 1],
    const struct sniffed *heard)
{
	const char *dns = record->host;
	bool taken;

	if (heard->text[0] == '\0')
		return;
	taken = dns == NULL || !heard->outer || names_has(names, &record->dst, heard->text);
	if ((dns != NULL ? strcmp(dns, heard->text) != 0 : heard->outer) && conf->log.hosts == LOG_HOSTS_FULL)
		log_debug("flow id=%" PRIu64 ": names disagree: dns=%s %s=%s%s, %s is taken", record->id, dns != NULL ? dns : "-",
		    heard->via, heard->text, heard->outer ? " (may be an outer name)" : "", taken ? heard->text : dns);
	if (!taken)
		return;
	strcpy(host, heard->text);
	record->host = host;
	record->via = heard->via;
}
