#include "config.h"

#include "conf_key.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <syslog.h>

/* What a struct conf given out is the beginning of. */
struct conf_owned {
	struct conf  conf;
	struct arena arena;
};

#define FIELD(name) offsetof(struct conf, name)
#define END         { NULL, NULL, 0, NULL, false }

static const struct conf_word firewalls[] = {
	{ "auto", FIREWALL_AUTO }, { "pf", FIREWALL_PF }, { "netfilter", FIREWALL_NETFILTER }, { "none", FIREWALL_NONE },
	{ NULL, 0 }
};
static const struct conf_word on_failures[] = { { "open", FAIL_OPEN }, { "closed", FAIL_CLOSED }, { NULL, 0 } };
static const struct conf_word quics[] = {
	{ "auto", QUIC_AUTO }, { "proxy", QUIC_PROXY }, { "block", QUIC_BLOCK }, { "direct", QUIC_DIRECT }, { NULL, 0 }
};
static const struct conf_word levels[] = {
	{ "error", LOG_ERR }, { "warning", LOG_WARNING }, { "info", LOG_INFO }, { "debug", LOG_DEBUG }, { NULL, 0 }
};
static const struct conf_word facilities[] = {
	{ "daemon", LOG_DAEMON }, { "user", LOG_USER },
	{ "local0", LOG_LOCAL0 }, { "local1", LOG_LOCAL1 }, { "local2", LOG_LOCAL2 }, { "local3", LOG_LOCAL3 },
	{ "local4", LOG_LOCAL4 }, { "local5", LOG_LOCAL5 }, { "local6", LOG_LOCAL6 }, { "local7", LOG_LOCAL7 },
	{ NULL, 0 }
};
static const struct conf_word flows[] = {
	{ "all", LOG_FLOWS_ALL }, { "proxied", LOG_FLOWS_PROXIED }, { "errors", LOG_FLOWS_ERRORS },
	{ "none", LOG_FLOWS_NONE }, { NULL, 0 }
};
static const struct conf_word hosts[] = {
	{ "full", LOG_HOSTS_FULL }, { "domain", LOG_HOSTS_DOMAIN }, { "none", LOG_HOSTS_NONE }, { NULL, 0 }
};

static const struct conf_range millions = { 1, 10000000 };
static const struct conf_range millions_or_none = { 0, 10000000 };
static const struct conf_range query_ids = { 1, 65535 };
static const char may_be_empty[] = "";

static const struct conf_key intercept_keys[] = {
	{ "firewall", &conf_words, FIELD(intercept.firewall), firewalls, false },
	{ "anchor", &conf_anchor, FIELD(intercept.anchor), NULL, false },
	{ "mode", &conf_mode, 0, NULL, false },
	{ "tcp_ports", &conf_ports, FIELD(intercept.tcp_ports), may_be_empty, false },
	{ "udp_ports", &conf_ports, FIELD(intercept.udp_ports), may_be_empty, false },
	{ "sniff_ports", &conf_unsupported, 0, NULL, false },
	{ "exclude", &conf_exclude, 0, NULL, false },
	{ "interfaces", &conf_interfaces, 0, NULL, false },
	{ "on_failure", &conf_words, FIELD(intercept.on_failure), on_failures, false },
	{ "quic", &conf_words, FIELD(intercept.quic), quics, false },
	END
};

static const char *const listen_default[] = { CONF_LISTEN_DEFAULT };

static const struct conf_key listen_keys[] = {
	{ "addresses", &conf_addresses, 0, NULL, false },
	{ "port", &conf_port, FIELD(listen.port), NULL, false },
	{ "dns_port", &conf_port, FIELD(listen.dns_port), NULL, false },
	END
};

static const struct conf_key dns_keys[] = {
	{ "enabled", &conf_boolean, FIELD(dns.enabled), NULL, false },
	{ "servers", &conf_servers, 0, NULL, false },
	{ "cache_entries", &conf_count, FIELD(dns.cache_entries), &millions_or_none, false },
	END
};

static const struct conf_key limits_keys[] = {
	{ "connections", &conf_count, FIELD(limits.connections), &millions, false },
	{ "per_client", &conf_count, FIELD(limits.per_client), &millions, false },
	{ "udp_sessions", &conf_count, FIELD(limits.udp_sessions), &millions, false },
	{ "dns_queries", &conf_count, FIELD(limits.dns_queries), &query_ids, false },
	{ "names", &conf_count, FIELD(limits.names), &millions, false },
	END
};

static const struct conf_key timeouts_keys[] = {
	{ "connect", &conf_seconds, FIELD(timeouts.connect), NULL, false },
	{ "handshake", &conf_seconds, FIELD(timeouts.handshake), NULL, false },
	{ "hello", &conf_seconds, FIELD(timeouts.hello), NULL, false },
	{ "idle", &conf_seconds, FIELD(timeouts.idle), NULL, false },
	{ "half_open", &conf_seconds, FIELD(timeouts.half_open), NULL, false },
	{ "udp_idle", &conf_seconds, FIELD(timeouts.udp_idle), NULL, false },
	{ "dns", &conf_seconds, FIELD(timeouts.dns), NULL, false },
	{ "drain", &conf_seconds, FIELD(timeouts.drain), NULL, false },
	END
};

static const struct conf_key log_keys[] = {
	{ "level", &conf_words, FIELD(log.level), levels, false },
	{ "facility", &conf_words, FIELD(log.facility), facilities, false },
	{ "flows", &conf_words, FIELD(log.flows), flows, false },
	{ "hosts", &conf_words, FIELD(log.hosts), hosts, false },
	END
};

/* Rules and the default action look at the proxies, which are read before them. */
static const struct conf_key top_keys[] = {
	{ "global_enabled", &conf_boolean, FIELD(global_enabled), NULL, false },
	{ "proxies", &conf_proxies, 0, NULL, false },
	{ "rules", &conf_rules, 0, NULL, false },
	{ "default_action", &conf_default_action, 0, NULL, false },
	{ "intercept", &conf_section, 0, intercept_keys, false },
	{ "listen", &conf_section, 0, listen_keys, false },
	{ "dns", &conf_section, 0, dns_keys, false },
	{ "user", &conf_user, FIELD(user), NULL, false },
	{ "threads", &conf_unsupported, 0, NULL, false },
	{ "limits", &conf_section, 0, limits_keys, false },
	{ "timeouts", &conf_section, 0, timeouts_keys, false },
	{ "log", &conf_section, 0, log_keys, false },
	{ "control", &conf_unsupported, 0, NULL, false },
	END
};

static const struct conf defaults = {
	.global_enabled = true,
	.default_action = ACTION_DIRECT,
	.intercept = { .anchor = "interceptor" },
	.listen = { .port = 10080, .dns_port = 5353 },
	.dns = { .enabled = true, .cache_entries = 10000 },
	.user = "_pfintercept",
	.limits = { 10000, 4096, 4096, 1000, 20000 },
	.timeouts = { .connect = 10, .handshake = 10, .hello = 0.1, .idle = 7200, .half_open = 120,
	    .udp_idle = 60, .dns = 5, .drain = 5 },
	.log = { .level = LOG_INFO, .facility = LOG_DAEMON },
};

static int
set_defaults(struct conf *conf, struct arena *arena)
{
	struct port_range *all = arena_alloc(arena, 2, sizeof(*all));

	if (all == NULL)
		return ENOMEM;
	*conf = defaults;
	all[0] = all[1] = (struct port_range){ 1, 65535 };
	conf->intercept.tcp_ports = (struct port_list){ &all[0], 1 };
	conf->intercept.udp_ports = (struct port_list){ &all[1], 1 };
	conf->listen.naddresses = sizeof(listen_default) / sizeof(listen_default[0]);
	for (size_t i = 0; i < conf->listen.naddresses; i++)
		addr_parse(listen_default[i], 0, &conf->listen.addresses[i]);
	return 0;
}

/* What no single key can tell. */
static int
check_whole(struct conf_reader *r, const struct json *root)
{
	const struct json *listen = json_member(root, "listen"), *port;

	if (r->conf->listen.port != r->conf->listen.dns_port)
		return 0;
	if ((port = json_member(listen, "dns_port")) == NULL)
		port = json_member(listen, "port");
	return conf_fail(r, port, "listen.port and listen.dns_port are both %u; write two different ports",
	    r->conf->listen.port);
}

static int
parse(struct conf_reader *r, struct arena *scratch, size_t len)
{
	struct json_error error;
	struct json *root;
	int err;

	if (len > CONF_FILE_MAX)
		return conf_fail_at(r, 0, NULL, "the file is larger than %u bytes; make it smaller", CONF_FILE_MAX);
	if ((root = json_parse(scratch, r->text, len, &error)) == NULL)
		return conf_fail_at(r, error.offset, error.node, "%s", error.text);
	if (set_defaults(r->conf, r->arena) != 0)
		return conf_fail(r, root, "no memory is left; free some");
	if ((err = conf_read_object(r, root, top_keys, r->conf)) != 0)
		return err;
	return check_whole(r, root);
}

struct conf *
conf_parse(const char *file, const char *text, size_t len, struct conf_report *report)
{
	struct conf_owned *owned = calloc(1, sizeof(*owned));
	struct arena scratch = { NULL, 0 };
	struct conf_reader reader = { .file = file, .text = text, .report = report };
	int err;

	report->error[0] = '\0';
	if (owned == NULL) {
		snprintf(report->error, sizeof(report->error), "%s:1:1: (top): no memory is left; free some", file);
		return NULL;
	}
	reader.conf = &owned->conf;
	reader.arena = &owned->arena;
	err = parse(&reader, &scratch, len);
	arena_free(&scratch);
	if (err == 0)
		return &owned->conf;
	conf_free(&owned->conf);
	return NULL;
}

void
conf_free(struct conf *conf)
{
	struct conf_owned *owned = (struct conf_owned *)conf;

	if (conf == NULL)
		return;
	for (size_t i = 0; i < conf->nrules; i++)
		pattern_list_free(conf->rules[i].patterns);
	arena_free(&owned->arena);
	free(owned);
}

static void
print_to_file(void *file, const char *text, size_t len)
{
	fwrite(text, 1, len, file);
}

void
conf_print(FILE *file, const struct conf *conf)
{
	yajl_gen gen = yajl_gen_alloc(NULL);

	if (gen == NULL)
		return;
	yajl_gen_config(gen, yajl_gen_beautify, 1);
	yajl_gen_config(gen, yajl_gen_indent_string, "  ");
	yajl_gen_config(gen, yajl_gen_print_callback, print_to_file, file);
	conf_print_object(gen, top_keys, conf);
	yajl_gen_free(gen);
}

bool
port_list_contains(const struct port_list *list, uint16_t port)
{
	for (size_t i = 0; i < list->count; i++)
		if (port >= list->ranges[i].first && port <= list->ranges[i].last)
			return true;
	return false;
}
