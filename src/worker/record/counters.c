#include "config.h"

#include "worker/record/counters.h"

#define WORDS(...) (const char *const[]){ __VA_ARGS__ }

const struct counter_family counter_families[] = {
	/* first, n, words, metric, type, help, label, group, sparse */
	{ COUNT_ACTIVE, ACTIONS, NULL, "flows_active", "gauge",
	    "Flows under way.", "action", NULL, false },
	{ COUNT_CLOSED, ACTIONS, NULL, "flows_closed_total", "counter",
	    "Flows that have ended.", "action", NULL, false },
	{ COUNT_ENDS, CLOSE_REASONS, NULL, "flow_ends_total", "counter",
	    "Flows that have ended, by reason.", "reason", "close", true },
	{ COUNT_BYTES_OUT, 2, WORDS("out", "in"), "bytes_total", "counter",
	    "Bytes of all flows, from and to clients.", "direction", NULL, false },
	{ COUNT_DNS_QUERIES, 1, WORDS("queries"), "dns_queries_total", "counter",
	    "DNS queries received.", NULL, "dns", false },
	{ COUNT_DNS_CACHED, 1, WORDS("cached"), "dns_cached_total", "counter",
	    "DNS queries answered from the cache.", NULL, "dns", false },
	{ COUNT_DNS_PROXIED, 1, WORDS("proxied"), "dns_proxied_total", "counter",
	    "DNS queries sent through a proxy.", NULL, "dns", false },
	{ COUNT_DNS_BLOCKED, 1, WORDS("blocked"), "dns_blocked_total", "counter",
	    "DNS queries refused by a rule.", NULL, "dns", false },
	{ COUNT_DNS_FAILED, 1, WORDS("failed"), "dns_failed_total", "counter",
	    "DNS queries that got no good answer.", NULL, "dns", false },
	{ COUNT_DROP_LOOKUP, 7, WORDS("lookup", "loop", "limit", "unsent", "fragment", "malformed", "stranger"),
	    "udp_dropped_total", "counter", "Datagrams that went nowhere.", "reason", "udp_dropped", false },
	{ COUNT_NOT_INTERCEPTED, 1, WORDS("direct_not_intercepted"), "flows_not_intercepted_total", "counter",
	    "Direct flows that the firewall did not send to the daemon.", NULL, "firewall", false },
	{ COUNT_OVERHEARD_NAMES, 1, WORDS("names"), "capture_names_total", "counter",
	    "Addresses learned from overheard DNS answers.", NULL, "capture", false },
	{ COUNT_BYPASS_DIRECT, 2, WORDS("direct", "missed"), "bypass_flows_total", "counter",
	    "Flows seen that did not come through the daemon.", "verdict", "capture", false },
	{ COUNT_LOST_KERNEL, 2, WORDS("kernel", "daemon"), "capture_dropped_total", "counter",
	    "What the capture monitor has lost.", "by", "capture", false },
};
const size_t ncounter_families = sizeof(counter_families) / sizeof(counter_families[0]);

const char *
counter_label(const struct counter_family *family, unsigned i)
{
	if (family->words != NULL)
		return family->words[i];
	return family->first == COUNT_ENDS ? close_reason_name((enum close_reason)i) : action_name((enum action)i);
}

const char *
counter_member(const struct counter_family *family, unsigned i)
{
	if (family->first == COUNT_LOST_KERNEL)
		return i == 0 ? "dropped_by_kernel" : "dropped_by_us";
	return counter_label(family, i);
}

const struct traffic_field traffic_fields[TRAFFIC_FIELDS] = {
	{ "active", "flows_active", "gauge", "Flows under way", offsetof(struct traffic, active) },
	{ "closed", "flows_closed_total", "counter", "Flows that have ended", offsetof(struct traffic, closed) },
	{ "failed", "flows_failed_total", "counter", "Flows that have ended by an error",
	    offsetof(struct traffic, failed) },
	{ "out", "out_bytes_total", "counter", "Bytes from clients", offsetof(struct traffic, out) },
	{ "in", "in_bytes_total", "counter", "Bytes to clients", offsetof(struct traffic, in) },
};

uint64_t
traffic_value(const struct traffic *traffic, const struct traffic_field *field)
{
	return *(const uint64_t *)((const char *)traffic + field->offset);
}
