#include "config.h"

#include "account.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "log.h"

void
account_init(struct account *a, double now)
{
	memset(a, 0, sizeof(*a));
	a->started = now;
}

uint64_t
account_begin(struct account *a)
{
	a->active++;
	return ++a->next_id;
}

/* Does log.flows want this record? */
static bool
account_wants(const struct conf *conf, const struct flow_record *r)
{
	switch (conf->log.flows) {
	case LOG_FLOWS_ALL:
		return true;
	case LOG_FLOWS_PROXIED:
		return r->verdict.action == ACTION_PROXY;
	case LOG_FLOWS_ERRORS:
		/* time is the only end that UDP has */
		return r->reason != CLOSE_DONE && r->reason != CLOSE_BLOCKED &&
		    (r->reason != CLOSE_IDLE || strcmp(r->proto, "udp") != 0);
	case LOG_FLOWS_NONE:
		break;
	}
	return false;
}

/* log.hosts "domain": the last two labels, the rest as "*". */
static const char *
account_host(const struct conf *conf, const char *host, char buf[HOST_MAX + 3])
{
	const char *dot = host != NULL ? strrchr(host, '.') : NULL;

	if (host == NULL || conf->log.hosts == LOG_HOSTS_NONE)
		return "-";
	if (conf->log.hosts == LOG_HOSTS_FULL || dot == NULL)
		return host;
	while (dot > host && dot[-1] != '.')
		dot--;
	if (dot == host)
		return host;
	snprintf(buf, HOST_MAX + 3, "*.%s", dot);
	return buf;
}

/* log.hosts "domain" and "none": the address of a server tells its name as well. */
static const char *
account_dst(const struct conf *conf, const struct flow_record *r, char buf[ADDR_TEXT_MAX])
{
	return conf->log.hosts == LOG_HOSTS_FULL ? addr_format(&r->dst, buf) : "-";
}

static void
account_write(const struct conf *conf, const struct flow_record *r, double now)
{
	char src[ADDR_TEXT_MAX], dst[ADDR_TEXT_MAX], host[HOST_MAX + 3], rule[16] = "-", proxy[16] = "-";

	if (r->verdict.rule != NULL)
		snprintf(rule, sizeof(rule), "%u", r->verdict.rule->id);
	if (r->proxy != NULL)
		snprintf(proxy, sizeof(proxy), "%u", r->proxy->id);
	log_info("flow id=%" PRIu64 " proto=%s src=%s dst=%s host=%s via=%s rule=%s action=%s proxy=%s"
	    " out=%" PRIu64 " in=%" PRIu64 " ms=%.0f close=%s",
	    r->id, r->proto, addr_format(&r->peer, src), account_dst(conf, r, dst),
	    account_host(conf, r->host, host), via_name(r->via), rule, action_name(r->verdict.action), proxy,
	    r->out, r->in, (now - r->began) * 1000, close_reason_name(r->reason));
}

void
account_end(struct account *a, const struct conf *conf, const struct flow_record *r, double now)
{
	a->active--;
	a->total[r->verdict.action]++;
	a->out_bytes += r->out;
	a->in_bytes += r->in;
	a->closed[r->reason]++;
	if (account_wants(conf, r))
		account_write(conf, r, now);
}

void
account_summary(const struct account *a, double now)
{
	char reasons[512] = "";
	size_t len = 0;

	log_info("summary: up %.0f s, flows active=%" PRIu64 " proxy=%" PRIu64 " direct=%" PRIu64
	    " block=%" PRIu64 ", bytes out=%" PRIu64 " in=%" PRIu64, now - a->started, a->active,
	    a->total[ACTION_PROXY], a->total[ACTION_DIRECT], a->total[ACTION_BLOCK], a->out_bytes, a->in_bytes);
	log_info("summary: dns queries=%" PRIu64 " cached=%" PRIu64 " proxied=%" PRIu64 " blocked=%" PRIu64
	    " failed=%" PRIu64, a->dns_queries, a->dns_cached, a->dns_proxied, a->dns_blocked, a->dns_failed);
	for (int i = 0; i < CLOSE_REASONS && len < sizeof(reasons); i++)
		if (a->closed[i] > 0)
			len += (size_t)snprintf(reasons + len, sizeof(reasons) - len, " %s=%" PRIu64,
			    close_reason_name((enum close_reason)i), a->closed[i]);
	log_info("summary: closed%s", reasons[0] != '\0' ? reasons : " none");
}
