/*
 * The metrics in the Prometheus text format, version 0.0.4: a HELP and a TYPE line, then the samples. Names and units
 * follow Prometheus' conventions: seconds, bytes, "_total" for what only grows.
 */
#include "config.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "host/usage.h"
#include "worker/control/control_internal.h"

static void
family(FILE *out, const char *name, const char *type, const char *help)
{
	fprintf(out, "# HELP %s %s\n# TYPE %s %s\n", name, help, name, type);
}

static void
single(FILE *out, const char *name, const char *type, const char *help, double value)
{
	family(out, name, type, help);
	fprintf(out, "%s %.15g\n", name, value);
}

static void
write_process(FILE *out)
{
	struct usage usage;

	usage_get(&usage);
	single(out, "process_cpu_seconds_total", "counter", "User and system time of the worker.", usage.cpu_s);
	single(out, "process_open_fds", "gauge", "Open file descriptors.", (double)usage.descriptors);
	single(out, "process_max_fds", "gauge", "Most open file descriptors.", (double)usage.descriptors_max);
	single(out, "pfinterceptd_memory_peak_bytes", "gauge", "Most memory that was resident at any time.",
	    (double)usage.memory_peak_bytes);
}

static void
write_actions(FILE *out, const struct account *a)
{
	family(out, "pfinterceptd_flows_active", "gauge", "Flows under way.");
	for (int i = ACTION_DIRECT; i <= ACTION_BLOCK; i++)
		fprintf(out, "pfinterceptd_flows_active{action=\"%s\"} %" PRIu64 "\n", action_name((enum action)i), a->active[i]);
	family(out, "pfinterceptd_flows_closed_total", "counter", "Flows that have ended.");
	for (int i = ACTION_DIRECT; i <= ACTION_BLOCK; i++)
		fprintf(out, "pfinterceptd_flows_closed_total{action=\"%s\"} %" PRIu64 "\n", action_name((enum action)i),
		    a->total[i]);
	family(out, "pfinterceptd_flow_ends_total", "counter", "Flows that have ended, by reason.");
	for (int i = 0; i < CLOSE_REASONS; i++)
		fprintf(out, "pfinterceptd_flow_ends_total{reason=\"%s\"} %" PRIu64 "\n",
		    close_reason_name((enum close_reason)i), a->closed[i]);
	family(out, "pfinterceptd_bytes_total", "counter", "Bytes of all flows, from and to clients.");
	fprintf(out, "pfinterceptd_bytes_total{direction=\"out\"} %" PRIu64 "\n"
	    "pfinterceptd_bytes_total{direction=\"in\"} %" PRIu64 "\n", a->all.out, a->all.in);
}

/* The same families for rules and proxies. */
static void
write_tallies(FILE *out, const char *what, const struct tally *table)
{
	static const struct { const char *name, *type, *help; size_t field; } rows[] = {
		{ "flows_active", "gauge", "Flows under way", offsetof(struct traffic, active) },
		{ "flows_closed_total", "counter", "Flows that have ended", offsetof(struct traffic, closed) },
		{ "flows_failed_total", "counter", "Flows that have ended by an error", offsetof(struct traffic, failed) },
		{ "out_bytes_total", "counter", "Bytes from clients", offsetof(struct traffic, out) },
		{ "in_bytes_total", "counter", "Bytes to clients", offsetof(struct traffic, in) },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		fprintf(out, "# HELP pfinterceptd_%s_%s %s, by %s; 0 is none.\n# TYPE pfinterceptd_%s_%s %s\n", what,
		    rows[i].name, rows[i].help, what, what, rows[i].name, rows[i].type);
		for (const struct tally *t = table; t != NULL; t = t->hh.next)
			fprintf(out, "pfinterceptd_%s_%s{%s=\"%u\"} %" PRIu64 "\n", what, rows[i].name, what, t->id,
			    *(const uint64_t *)((const char *)&t->traffic + rows[i].field));
	}
}

static void
write_histograms(FILE *out, const char *name, const char *help, const struct tally *table, size_t field)
{
	const struct histogram *h;
	uint64_t count;

	family(out, name, "histogram", help);
	for (const struct tally *t = table; t != NULL; t = t->hh.next) {
		h = (const struct histogram *)((const char *)t + field);
		count = 0;
		for (size_t i = 0; i < ACCOUNT_BUCKETS; i++) {
			count += h->counts[i];
			fprintf(out, "%s_bucket{proxy=\"%u\",le=\"%g\"} %" PRIu64 "\n", name, t->id, account_bounds[i], count);
		}
		count += h->counts[ACCOUNT_BUCKETS];
		fprintf(out, "%s_bucket{proxy=\"%u\",le=\"+Inf\"} %" PRIu64 "\n%s_sum{proxy=\"%u\"} %.6f\n"
		    "%s_count{proxy=\"%u\"} %" PRIu64 "\n", name, t->id, count, name, t->id, h->sum, name, t->id, count);
	}
}

static void
write_proxies(FILE *out, const struct policy *policy)
{
	family(out, "pfinterceptd_proxy_up", "gauge", "0: the last attempt could not reach the proxy.");
	for (size_t i = 0; i < policy->conf->nproxies; i++)
		if (policy->conf->proxies[i].enabled)
			fprintf(out, "pfinterceptd_proxy_up{proxy=\"%u\"} %d\n", policy->conf->proxies[i].id,
			    !policy->proxies[i].down);
}

static void
write_dns(FILE *out, const struct account *a)
{
	single(out, "pfinterceptd_dns_queries_total", "counter", "DNS queries received.", (double)a->dns_queries);
	single(out, "pfinterceptd_dns_cached_total", "counter", "DNS queries answered from the cache.", (double)a->dns_cached);
	single(out, "pfinterceptd_dns_proxied_total", "counter", "DNS queries sent through a proxy.", (double)a->dns_proxied);
	single(out, "pfinterceptd_dns_blocked_total", "counter", "DNS queries refused by a rule.", (double)a->dns_blocked);
	single(out, "pfinterceptd_dns_failed_total", "counter", "DNS queries that got no good answer.", (double)a->dns_failed);
	family(out, "pfinterceptd_udp_dropped_total", "counter", "Datagrams that went nowhere.");
	for (int i = 0; i < DROPS; i++)
		fprintf(out, "pfinterceptd_udp_dropped_total{reason=\"%s\"} %" PRIu64 "\n", drop_name((enum drop)i), a->dropped[i]);
}

static void
write_overheard(FILE *out, const struct overheard_counts *c)
{
	single(out, "pfinterceptd_capture_names_total", "counter", "Addresses learned from overheard DNS answers.", (double)c->names);
	family(out, "pfinterceptd_bypass_flows_total", "counter", "Flows seen that did not come through the daemon.");
	fprintf(out, "pfinterceptd_bypass_flows_total{verdict=\"direct\"} %" PRIu64 "\n"
	    "pfinterceptd_bypass_flows_total{verdict=\"missed\"} %" PRIu64 "\n", c->direct, c->missed);
	family(out, "pfinterceptd_capture_dropped_total", "counter", "What the capture monitor has lost.");
	fprintf(out, "pfinterceptd_capture_dropped_total{by=\"kernel\"} %" PRIu64 "\n"
	    "pfinterceptd_capture_dropped_total{by=\"daemon\"} %" PRIu64 "\n", c->kernel, c->socket);
}

static void
write_all(FILE *out, const struct control *control)
{
	const struct account *a = control->env->account;
	const struct policy *policy = control->env->policy;

	family(out, "pfinterceptd_build_info", "gauge", "The version, as a label.");
	fprintf(out, "pfinterceptd_build_info{version=\"" PACKAGE_VERSION "\"} 1\n");
	single(out, "pfinterceptd_uptime_seconds", "gauge", "Age of the worker.", ev_now(control->env->loop) - a->started);
	single(out, "pfinterceptd_intercepting", "gauge", "1: traffic is intercepted.",
	    policy->conf->global_enabled && !control->env->paused);
	write_actions(out, a);
	write_tallies(out, "rule", a->rules);
	write_tallies(out, "proxy", a->proxies);
	write_proxies(out, policy);
	write_histograms(out, "pfinterceptd_proxy_connect_seconds", "Time until a TCP flow was connected; proxy 0 is direct.",
	    a->proxies, offsetof(struct tally, connect));
	write_histograms(out, "pfinterceptd_proxy_first_byte_seconds",
	    "From then until the server's first byte.", a->proxies, offsetof(struct tally, first_byte));
	write_dns(out, a);
	write_overheard(out, overheard_counts(control->overheard));
	write_process(out);
}

int
metrics_write(const struct control *control, struct buffer *out)
{
	char *text = NULL, head[160];
	size_t len = 0;
	FILE *file = open_memstream(&text, &len);
	int error, n;

	if (file == NULL)
		return ENOMEM;
	account_settle(control->env->account);
	write_all(file, control);
	error = fclose(file) == 0 ? 0 : ENOMEM;
	n = snprintf(head, sizeof(head), "HTTP/1.1 200 OK\r\nConnection: close\r\n"
	    "Content-Type: text/plain; version=0.0.4; charset=utf-8\r\nContent-Length: %zu\r\n\r\n", len);
	if (error == 0)
		error = buffer_append(out, head, (size_t)n);
	if (error == 0)
		error = buffer_append(out, text, len);
	free(text);
	return error;
}
