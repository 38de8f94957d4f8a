#include "config.h"

#include "flow_name.h"

#include <inttypes.h>
#include <string.h>
#include <syslog.h>

#include "log.h"

#define LINES_PER_SECOND 5.0

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

static void
flow_name_log(const struct flow_record *record, const struct hostname *heard, bool taken)
{
	const char *dns = record->host != NULL ? record->host : "-";

	log_debug("flow id=%" PRIu64 ": names disagree: dns=%s %s=%s%s, %s is taken", record->id, dns,
	    via_name(heard->via), heard->text, heard->outer ? " (may be an outer name)" : "", taken ? heard->text : dns);
}

void
flow_name_heard(struct names *names, const struct conf *conf, struct flow_record *record, char host[HOST_MAX + 1],
    const struct hostname *heard, double now)
{
	const bool known = record->host != NULL;
	bool taken;

	if (heard->text[0] == '\0')
		return;
	taken = !known || !heard->outer || names_has(names, &record->dst, heard->text);
	if ((known ? strcmp(host, heard->text) != 0 : heard->outer) && conf->log.hosts == LOG_HOSTS_FULL &&
	    log_enabled(LOG_DEBUG) && rate_take(names_doubts(names), LINES_PER_SECOND, now))
		flow_name_log(record, heard, taken);
	if (!taken)
		return;
	strcpy(host, heard->text);
	record->host = host;
	record->via = heard->via;
}
