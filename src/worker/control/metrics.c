/*
 * The metrics in the Prometheus text format, version 0.0.4: a HELP and a TYPE line, then the samples. Names and units
 * follow Prometheus' conventions: seconds, bytes, "_total" for counters that only grow.
 */
#include "config.h"

#include <inttypes.h>
#include <unistd.h>

#include "host/usage.h"
#include "worker/control/control_internal.h"

#define PREFIX "pfinterceptd_"

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

/* The families of the table from first on, until one that begins with the counter end. */
static const struct counter_family *
write_counters(FILE *out, const struct account *a, const struct counter_family *f, enum counter end)
{
	for (; f < counter_families + ncounter_families && f->first != end; f++) {
		fprintf(out, "# HELP " PREFIX "%s %s\n# TYPE " PREFIX "%s %s\n", f->metric, f->help, f->metric,
		    f->type);
		for (unsigned i = 0; i < f->n; i++) {
			fprintf(out, PREFIX "%s", f->metric);
			if (f->label != NULL)
				fprintf(out, "{%s=\"%s\"}", f->label, counter_label(f, i));
			fprintf(out, " %" PRIu64 "\n", account_counter(a, f->first + i));
		}
	}
	return f;
}

/* kind: the word for the rule or proxy in names and labels. */
static void
write_tallies(FILE *out, const char *kind, const struct account *a, enum tally_kind tallies)
{
	for (const struct traffic_field *f = traffic_fields; f < traffic_fields + TRAFFIC_FIELDS; f++) {
		fprintf(out, "# HELP " PREFIX "%s_%s %s, by %s; 0 is none.\n# TYPE " PREFIX "%s_%s %s\n", kind,
		    f->metric, f->help, kind, kind, f->metric, f->type);
		for (const struct tally *t = NULL; (t = account_next_tally(a, tallies, t)) != NULL; )
			fprintf(out, PREFIX "%s_%s{%s=\"%u\"} %" PRIu64 "\n", kind, f->metric, kind, t->id,
			    traffic_value(&t->traffic, f));
	}
}

static void
write_histogram(FILE *out, const char *name, unsigned proxy, const struct histogram *h)
{
	uint64_t count = 0;

	for (size_t i = 0; i < ACCOUNT_BUCKETS; i++) {
		count += h->counts[i];
		fprintf(out, "%s_bucket{proxy=\"%u\",le=\"%g\"} %" PRIu64 "\n", name, proxy, account_bounds[i], count);
	}
	count += h->counts[ACCOUNT_BUCKETS];
	fprintf(out, "%s_bucket{proxy=\"%u\",le=\"+Inf\"} %" PRIu64 "\n%s_sum{proxy=\"%u\"} %.6f\n"
	    "%s_count{proxy=\"%u\"} %" PRIu64 "\n", name, proxy, count, name, proxy, h->sum, name, proxy, count);
}

static void
write_histograms(FILE *out, const struct account *a)
{
	const struct tally *t = NULL;

	family(out, PREFIX "proxy_connect_seconds", "histogram",
	    "Time until a TCP flow was connected; proxy 0 is direct.");
	while ((t = account_next_tally(a, TALLY_PROXIES, t)) != NULL)
		write_histogram(out, PREFIX "proxy_connect_seconds", t->id, &t->connect);
	family(out, PREFIX "proxy_first_byte_seconds", "histogram", "From then until the server's first byte.");
	while ((t = account_next_tally(a, TALLY_PROXIES, t)) != NULL)
		write_histogram(out, PREFIX "proxy_first_byte_seconds", t->id, &t->first_byte);
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
write_all(FILE *out, const struct control *control)
{
	const struct account *a = control->env->account;
	const struct policy *policy = control->env->policy;
	const struct counter_family *rest;

	family(out, "pfinterceptd_build_info", "gauge", "The version, as a label.");
	fprintf(out, "pfinterceptd_build_info{version=\"" PACKAGE_VERSION "\"} 1\n");
	single(out, "pfinterceptd_uptime_seconds", "gauge", "Age of the worker.",
	    account_uptime(a, ev_now(control->env->loop)));
	single(out, "pfinterceptd_intercepting", "gauge", "1: traffic is intercepted.",
	    policy->conf->global_enabled && !control->env->paused);
	rest = write_counters(out, a, counter_families, COUNT_DNS_QUERIES);
	write_tallies(out, "rule", a, TALLY_RULES);
	write_tallies(out, "proxy", a, TALLY_PROXIES);
	write_proxies(out, policy);
	write_histograms(out, a);
	write_counters(out, a, rest, COUNTERS);
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
