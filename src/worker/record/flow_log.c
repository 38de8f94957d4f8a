#include "config.h"

#include "worker/record/flow_log.h"

#include <inttypes.h>

#include "base/log.h"
#include "worker/record/control_json.h"
#include "worker/record/flow_record.h"

/* Does log.flows want this record? */
static bool
flow_is_wanted(const struct conf *conf, const struct flow_record *r)
{
	switch (conf->log.flows) {
	case LOG_FLOWS_ALL:
		return true;
	case LOG_FLOWS_PROXIED:
		return r->verdict.action == ACTION_PROXY;
	case LOG_FLOWS_ERRORS:
		/* the idle time-out is the normal end of a UDP session */
		return r->reason != CLOSE_DONE && r->reason != CLOSE_BLOCKED &&
		    (r->reason != CLOSE_IDLE || strcmp(r->proto, "udp") != 0);
	case LOG_FLOWS_NONE:
		break;
	}
	return false;
}

/* The host as log.hosts wants it. "domain": the last two labels, with "*." for the rest. */
static const char *
host_shown(const struct conf *conf, const char *host, char buf[HOST_MAX + 3])
{
	const char *dot = host != NULL ? strrchr(host, '.') : NULL;

	if (host == NULL || conf->log.hosts == LOG_HOSTS_NONE)
		return NULL;
	if (conf->log.hosts == LOG_HOSTS_FULL || dot == NULL)
		return host;
	while (dot > host && dot[-1] != '.')
		dot--;
	if (dot == host)
		return host;
	snprintf(buf, HOST_MAX + 3, "*.%s", dot);
	return buf;
}

/* {"flow":{...}} */
static void
write_json(const struct flow_record *r, double now)
{
	yajl_gen gen = yajl_gen_alloc(NULL);
	const unsigned char *text;
	size_t len;

	if (gen == NULL)
		return;
	yajl_gen_map_open(gen);
	put_map(gen, "flow");
	put_flow(gen, r, now, true);
	yajl_gen_map_close(gen);
	yajl_gen_map_close(gen);
	if (yajl_gen_get_buf(gen, &text, &len) == yajl_gen_status_ok) {
		((char *)text)[len - 1] = '\0';
		log_members((const char *)text + 1);
	}
	yajl_gen_free(gen);
}

static void
write_text(const struct flow_record *r, double now)
{
	char src[ADDR_TEXT_MAX], dst[ADDR_TEXT_MAX], rule[16] = "-", proxy[16] = "-";

	if (r->verdict.rule != NULL)
		snprintf(rule, sizeof(rule), "%u", r->verdict.rule->id);
	if (r->proxy != NULL)
		snprintf(proxy, sizeof(proxy), "%u", r->proxy->id);
	log_info("flow id=%" PRIu64 " proto=%s src=%s dst=%s host=%s via=%s rule=%s action=%s proxy=%s"
	    " out=%" PRIu64 " in=%" PRIu64 " ms=%.0f close=%s",
	    r->id, r->proto, addr_format(&r->peer, src), addr_format(&r->dst, dst), r->host != NULL ? r->host : "-",
	    r->via, rule, action_name(r->verdict.action), proxy, r->out, r->in, (now - r->began) * 1000,
	    close_reason_name(r->reason));
}

void
flow_log(struct flow_log *log, const struct conf *conf, const struct flow_record *r, double now)
{
	struct flow_record shown;
	char host[HOST_MAX + 3];

	if (!flow_is_wanted(conf, r))
		return;
	if (conf->log.rate > 0 && !rate_take(&log->rate, conf->log.rate, now)) {
		log->left_out++;
		return;
	}
	if (log->left_out > 0)
		log_warn("%" PRIu64 " flow records were left out: more than log.rate a second", log->left_out);
	log->left_out = 0;
	shown = *r;
	shown.host = host_shown(conf, r->host, host);
	if (conf->log.hosts != LOG_HOSTS_FULL)  /* the address of a server would tell its name */
		shown.dst = addr_none;
	if (log_is_json())
		write_json(&shown, now);
	else
		write_text(&shown, now);
}
