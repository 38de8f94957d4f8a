#include "config.h"

#include "conf/conf_internal.h"

#include <syslog.h>

#include <yajl/yajl_gen.h>

/* Words, in the order of their enum. */
static const char *const firewalls[] = { "auto", "pf", "netfilter", "none", NULL };
static const char *const on_failures[] = { "open", "closed", NULL };
static const char *const quics[] = { "auto", "proxy", "block", "direct", NULL };
static const char *const echs[] = { "strip", "keep", NULL };
static const char *const block_answers[] = { "nxdomain", "null", "refused", NULL };
static const char *const flows[] = { "all", "proxied", "errors", "none", NULL };
static const char *const formats[] = { "text", "json", NULL };
static const char *const hosts[] = { "full", "domain", "none", NULL };

static const char *const level_words[] = { "error", "warning", "info", "debug", NULL };
static const int levels[] = { LOG_ERR, LOG_WARNING, LOG_INFO, LOG_DEBUG };
static const char *const facility_words[] = { "daemon", "user", "local0", "local1", "local2", "local3",
    "local4", "local5", "local6", "local7", NULL };
static const int facilities[] = { LOG_DAEMON, LOG_USER, LOG_LOCAL0, LOG_LOCAL1, LOG_LOCAL2, LOG_LOCAL3,
    LOG_LOCAL4, LOG_LOCAL5, LOG_LOCAL6, LOG_LOCAL7 };

static const struct conf_number millions = { 1, 10000000, CONF_UNSIGNED };
static const struct conf_number millions_or_none = { 0, 10000000, CONF_UNSIGNED };
static const struct conf_number threads = { 0, 64, CONF_UNSIGNED };
static const struct conf_number query_ids = { 1, 65535, CONF_UNSIGNED };
static const struct conf_number ttl = { 0, 2592000, CONF_UNSIGNED };
static const struct conf_number seconds_or_none = { 0, 2592000, CONF_DOUBLE };
static const struct conf_number seconds = { 0.001, 2592000, CONF_DOUBLE };
static const struct conf_word user_name = { 31, "not a user name; write 1 to 31 letters, digits or . _ -" };
static const struct conf_word group_name = { 31, "not a group name; write 1 to 31 letters, digits or . _ -" };
static const char may_be_empty[] = "";
#define LIST(read, arg, type) { { NULL, JSON_STRING, read, 0, arg, NULL }, sizeof(type), NULL }
static const struct conf_list networks = LIST(conf_read_network, NULL, struct network);
static const struct conf_list interfaces = LIST(conf_read_word, &conf_interface, char *);
static const struct conf_list addresses = LIST(conf_read_address, NULL, union addr);
static const struct conf_list resolvers = LIST(conf_read_resolver, NULL, union addr);

#define FIELD(name) offsetof(struct conf, name)
#define END         { NULL, JSON_NULL, NULL, 0, NULL, NULL }

static const struct conf_key intercept_keys[] = {
	{ "firewall", JSON_STRING, conf_read_words, FIELD(intercept.firewall), firewalls, "auto" },
	{ "anchor", JSON_STRING, conf_read_anchor, FIELD(intercept.anchor), NULL, "interceptor" },
	{ "mode", JSON_STRING, conf_read_words, FIELD(intercept.mode), conf_modes, "auto" },
	{ "tcp_ports", JSON_STRING, conf_read_ports, FIELD(intercept.tcp_ports), may_be_empty, "1-65535" },
	{ "udp_ports", JSON_STRING, conf_read_ports, FIELD(intercept.udp_ports), may_be_empty, "1-65535" },
	{ "sniff_ports", JSON_STRING, conf_read_ports, FIELD(intercept.sniff_ports), may_be_empty, conf_sniff_default },
	{ "exclude", JSON_ARRAY, conf_read_list, FIELD(intercept.exclude), &networks, "" },
	{ "interfaces", JSON_ARRAY, conf_read_list, FIELD(intercept.interfaces), &interfaces, "" },
	{ "on_failure", JSON_STRING, conf_read_words, FIELD(intercept.on_failure), on_failures, "open" },
	{ "quic", JSON_STRING, conf_read_words, FIELD(intercept.quic), quics, "auto" },
	END
};

static const struct conf_key listen_keys[] = {
	{ "addresses", JSON_ARRAY, conf_read_addresses, FIELD(listen.addresses), &addresses, CONF_LISTEN_DEFAULT },
	{ "port", JSON_NUMBER, conf_read_number, FIELD(listen.port), &conf_port, "10080" },
	{ "dns_port", JSON_NUMBER, conf_read_number, FIELD(listen.dns_port), &conf_port, "5353" },
	END
};

static const struct conf_key dns_keys[] = {
	{ "enabled", JSON_BOOLEAN, NULL, FIELD(dns.enabled), NULL, "true" },
	{ "servers", JSON_NULL, conf_read_servers, FIELD(dns.servers), &resolvers, "system" },
	{ "cache_entries", JSON_NUMBER, conf_read_number, FIELD(dns.cache_entries), &millions_or_none, "10000" },
	{ "ttl_min", JSON_NUMBER, conf_read_number, FIELD(dns.ttl_min), &ttl, "0" },
	{ "ttl_max", JSON_NUMBER, conf_read_number, FIELD(dns.ttl_max), &ttl, "86400" },
	{ "stale", JSON_NUMBER, conf_read_number, FIELD(dns.stale), &seconds_or_none, "86400" },
	{ "prefetch", JSON_BOOLEAN, NULL, FIELD(dns.prefetch), NULL, "true" },
	{ "block_answer", JSON_STRING, conf_read_words, FIELD(dns.block_answer), block_answers, "nxdomain" },
	{ "ech", JSON_STRING, conf_read_words, FIELD(dns.ech), echs, "strip" },
	{ "nat64", JSON_ARRAY, conf_read_nat64, FIELD(dns.nat64), &networks, "" },
	{ "fake_ip", JSON_NULL, conf_read_fake_ip, FIELD(dns.fake_ip), &networks, "auto" },
	END
};

static const struct conf_key limits_keys[] = {
	{ "connections", JSON_NUMBER, conf_read_number, FIELD(limits.connections), &millions, "10000" },
	{ "per_client", JSON_NUMBER, conf_read_number, FIELD(limits.per_client), &millions, "4096" },
	{ "udp_sessions", JSON_NUMBER, conf_read_number, FIELD(limits.udp_sessions), &millions, "4096" },
	{ "dns_queries", JSON_NUMBER, conf_read_number, FIELD(limits.dns_queries), &query_ids, "1000" },
	{ "names", JSON_NUMBER, conf_read_number, FIELD(limits.names), &millions, "20000" },
	END
};

static const struct conf_key timeouts_keys[] = {
	{ "connect", JSON_NUMBER, conf_read_number, FIELD(timeouts.connect), &seconds, "10" },
	{ "handshake", JSON_NUMBER, conf_read_number, FIELD(timeouts.handshake), &seconds, "10" },
	{ "hello", JSON_NUMBER, conf_read_number, FIELD(timeouts.hello), &seconds, "0.1" },
	{ "idle", JSON_NUMBER, conf_read_number, FIELD(timeouts.idle), &seconds, "7200" },
	{ "half_open", JSON_NUMBER, conf_read_number, FIELD(timeouts.half_open), &seconds, "120" },
	{ "udp_idle", JSON_NUMBER, conf_read_number, FIELD(timeouts.udp_idle), &seconds, "60" },
	{ "dns", JSON_NUMBER, conf_read_number, FIELD(timeouts.dns), &seconds, "5" },
	{ "drain", JSON_NUMBER, conf_read_number, FIELD(timeouts.drain), &seconds, "5" },
	END
};

static const struct conf_key log_keys[] = {
	{ "level", JSON_STRING, conf_read_words, FIELD(log.level), level_words, "info" },
	{ "facility", JSON_STRING, conf_read_words, FIELD(log.facility), facility_words, "daemon" },
	{ "flows", JSON_STRING, conf_read_words, FIELD(log.flows), flows, "all" },
	{ "hosts", JSON_STRING, conf_read_words, FIELD(log.hosts), hosts, "full" },
	{ "rate", JSON_NUMBER, conf_read_number, FIELD(log.rate), &millions_or_none, "10000" },
	{ "format", JSON_STRING, conf_read_words, FIELD(log.json), formats, "text" },
	END
};

static const struct conf_key control_keys[] = {
	{ "socket", JSON_STRING, conf_read_path, FIELD(control.socket), NULL, CONF_SOCKET_DEFAULT },
	{ "group", JSON_STRING, conf_read_word, FIELD(control.group), &group_name, NULL },
	{ "metrics", JSON_STRING, conf_read_socket, FIELD(control.metrics), NULL, "" },
	END
};

static const struct conf_key capture_keys[] = {
	{ "enabled", JSON_BOOLEAN, NULL, FIELD(capture.enabled), NULL, "false" },
	{ "interfaces", JSON_ARRAY, conf_read_list, FIELD(capture.interfaces), &interfaces, PFI_CAPTURE_DEFAULT },
	END
};

/* Read in this order: rules need the proxies, and dns.fake_ip everything above it. */
static const struct conf_key top_keys[] = {
	{ "global_enabled", JSON_BOOLEAN, NULL, FIELD(global_enabled), NULL, "true" },
	{ "proxies", JSON_ARRAY, conf_read_list, FIELD(proxies), &conf_proxies, "" },
	{ "rules", JSON_ARRAY, conf_read_rules, FIELD(rules), &conf_rules, "" },
	{ "default_action", JSON_STRING, conf_read_words, FIELD(default_action), action_words, "direct" },
	{ "intercept", JSON_OBJECT, conf_read_object, 0, intercept_keys, "" },
	{ "listen", JSON_OBJECT, conf_read_object, 0, listen_keys, "" },
	{ "dns", JSON_OBJECT, conf_read_object, 0, dns_keys, "" },
	{ "user", JSON_STRING, conf_read_word, FIELD(user), &user_name, "_pfintercept" },
	{ "threads", JSON_NUMBER, conf_read_number, FIELD(threads), &threads, "0" },
	{ "limits", JSON_OBJECT, conf_read_object, 0, limits_keys, "" },
	{ "timeouts", JSON_OBJECT, conf_read_object, 0, timeouts_keys, "" },
	{ "log", JSON_OBJECT, conf_read_object, 0, log_keys, "" },
	{ "control", JSON_OBJECT, conf_read_object, 0, control_keys, "" },
	{ "capture", JSON_OBJECT, conf_read_object, 0, capture_keys, "" },
	END
};

static int
finish_capture(struct conf_reader *r, const struct json *capture)
{
	const size_t count = r->conf->capture.ninterfaces;

	if (!r->conf->capture.enabled)
		return 0;
	if (count == 0 || count > CONF_CAPTURE_MAX)
		return conf_fail(r, json_member(capture, "interfaces"), "the list holds %zu interfaces; write the 1 "
		    "to %d interfaces to capture on, like [\"eth0\"]", count, CONF_CAPTURE_MAX);
	return PFI_CAPTURE ? 0 : conf_fail(r, json_member(capture, "enabled"), "this program was built without "
	    "libpcap; install libpcap and build it again, or write false");
}

/* Checks and values that depend on several keys. */
static int
finish(struct conf_reader *r, const struct json *root)
{
	const struct json *port = json_member(json_member(root, "listen"), "dns_port");
	struct conf *conf = r->conf;

	conf->log.level = levels[conf->log.level];
	conf->log.facility = facilities[conf->log.facility];
	if (strcmp(conf->user, "root") == 0)
		return conf_fail(r, json_member(root, "user"),
		    "the worker must not run as root; write a user of its own, like \"_pfintercept\"");
	if (conf->listen.port == conf->listen.dns_port)
		return conf_fail(r, port->offset != 0 ? port : json_member(port->parent, "port"),
		    "listen.port and listen.dns_port are both %s; write two different ports", port->text);
	if (conf->dns.ttl_min > conf->dns.ttl_max)
		return conf_fail(r, json_member(json_member(root, "dns"), "ttl_min"),
		    "dns.ttl_min is larger than dns.ttl_max; write a smaller one");
	if (conf_finish_mode(r, json_member(root, "intercept")) != 0 ||
	    finish_capture(r, json_member(root, "capture")) != 0)
		return EINVAL;
	if (conf->default_action != ACTION_PROXY)
		return 0;
	if ((conf->default_proxies = conf_alloc(r, root, conf->nproxies, sizeof(conf->default_proxies[0]))) == NULL)
		return EINVAL;
	for (size_t i = 0; i < conf->nproxies; i++)
		if (conf->proxies[i].enabled)
			conf->default_proxies[conf->ndefault_proxies++] = &conf->proxies[i];
	return conf->ndefault_proxies > 0 ? 0 : conf_fail(r, json_member(root, "default_action"),
	    "no proxy is enabled; enable one in \"proxies\", or write \"direct\" or \"block\"");
}

static int
parse(struct conf_reader *r, size_t len)
{
	struct json *root;
	int err;

	if (len > CONF_FILE_MAX)
		return conf_fail_at(r, 0, NULL, "the file is larger than %u bytes; make it smaller", CONF_FILE_MAX);
	if ((root = json_parse(r, len)) == NULL)
		return EINVAL;
	if (root->type != JSON_OBJECT)
		return conf_fail(r, root, "the file holds %.*s; write an object: { ... }",
		    (int)strcspn(json_types[root->type], ";"), json_types[root->type]);
	r->conf->tree = root;
	err = conf_read_object(r, root, &(struct conf_key){ .arg = top_keys }, r->conf);
	return err != 0 ? err : finish(r, root);
}

struct conf *
conf_parse_files(const char *file, const char *text, size_t len, conf_loader *loader, void *arg,
    struct conf_report *report)
{
	struct conf_reader reader = { .file = file, .text = text, .loader = loader, .arg = arg, .report = report };
	struct arena arena = { NULL };

	report->error[0] = '\0';
	if ((reader.conf = arena_alloc(&arena, 1, sizeof(*reader.conf))) == NULL) {
		conf_fail_at(&reader, 0, NULL, "out of memory; free some");
		return NULL;
	}
	reader.conf->arena = arena;
	if (parse(&reader, len) == 0)
		return reader.conf;
	conf_free(reader.conf);
	return NULL;
}

struct conf *
conf_parse(const char *file, const char *text, size_t len, struct conf_report *report)
{
	return conf_parse_files(file, text, len, NULL, NULL, report);
}

void
conf_free(struct conf *conf)
{
	struct arena arena;

	if (conf == NULL)
		return;
	arena = conf->arena;
	arena_free(&arena);
}

static void
print_text(yajl_gen gen, const char *text)
{
	yajl_gen_string(gen, (const unsigned char *)text, strlen(text));
}

static void
print_value(yajl_gen gen, const struct json *node)
{
	if (node->key != NULL)
		print_text(gen, node->key);
	if (node->type == JSON_OBJECT)
		yajl_gen_map_open(gen);
	else if (node->type == JSON_ARRAY)
		yajl_gen_array_open(gen);
	else if (node->type == JSON_STRING)
		print_text(gen, node->key != NULL && strcmp(node->key, "password") == 0 ? "********" : node->text);
	else    /* a number, true or false, as written */
		yajl_gen_number(gen, node->text, node->len);
	for (const struct json *item = node->first; item != NULL; item = item->next)
		print_value(gen, item);
	if (node->type == JSON_OBJECT)
		yajl_gen_map_close(gen);
	else if (node->type == JSON_ARRAY)
		yajl_gen_array_close(gen);
}

void
conf_print(FILE *file, const struct conf *conf)
{
	yajl_gen gen = yajl_gen_alloc(NULL);
	const unsigned char *text;
	size_t len;

	if (gen == NULL)
		return;
	yajl_gen_config(gen, yajl_gen_beautify, 1);
	yajl_gen_config(gen, yajl_gen_indent_string, "  ");
	print_value(gen, conf->tree);
	if (yajl_gen_get_buf(gen, &text, &len) == yajl_gen_status_ok)
		fwrite(text, 1, len, file);
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
