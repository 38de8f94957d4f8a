#include "config.h"

#include "worker/control/control_internal.h"
#include "worker/record/control_json.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "host/usage.h"

#define RELOAD_TIMEOUT_MS 30000
#define PAUSE_TIMEOUT_MS  5000
#define HOSTS_SHOWN       20
#define RELOAD_TEXT_MAX   1280

static const struct conf *
conf_of(const struct control_client *c)
{
	return c->control->env->policy->conf;
}

static double
now_of(const struct control_client *c)
{
	return ev_now(c->control->env->loop);
}

static void
put_usage(yajl_gen g)
{
	struct usage usage;

	usage_get(&usage);
	put_map(g, "daemon");
	put_number(g, "pid", (uint64_t)getpid());
	put_seconds(g, "cpu_s", usage.cpu_s);
	put_number(g, "memory_peak_bytes", usage.memory_peak_bytes);
	put_number(g, "descriptors", usage.descriptors);
	put_number(g, "descriptors_max", usage.descriptors_max);
	yajl_gen_map_close(g);
}

/* Bytes a second, out and in. */
static void
put_rates(yajl_gen g, const struct control *control)
{
	const struct traffic *all = &control->env->account->all;
	const double passed = ev_now(control->env->loop) - control->before.at;

	put_number(g, "out_bytes_per_s", passed > 0 ? (uint64_t)((double)(all->out - control->before.out) / passed) : 0);
	put_number(g, "in_bytes_per_s", passed > 0 ? (uint64_t)((double)(all->in - control->before.in) / passed) : 0);
}

static const char *
proxy_state(const struct proxy *proxy)
{
	if (!proxy->conf->enabled)
		return "disabled";
	return proxy->down ? "down" : proxy->connects > 0 ? "up" : "unused";
}

static void
begin_status(struct control_client *c)
{
	const struct account *a = c->control->env->account;
	const struct policy *policy = c->control->env->policy;
	const char *state = !policy->conf->global_enabled ? "disabled" : c->control->env->paused ? "paused" : "intercepting";
	unsigned down = 0;
	yajl_gen g = control_answer(c);

	account_settle(c->control->env->account);
	for (size_t i = 0; i < policy->conf->nproxies; i++)
		down += policy->proxies[i].conf->enabled && policy->proxies[i].down;
	put_text(g, "version", PACKAGE_VERSION);
	put_text(g, "state", state);
	put_seconds(g, "uptime_s", now_of(c) - a->started);
	put_number(g, "reloads", policy->generation - 1);
	put_seconds(g, "loaded_s", now_of(c) - policy->since);
	put_text(g, "anchor", policy->conf->intercept.anchor);
	put_number(g, "rules", policy->conf->nrules);
	put_number(g, "proxies", policy->conf->nproxies);
	put_number(g, "proxies_down", down);
	put_number(g, "clients", c->control->nclients);
	put_traffic(g, &a->all);
	put_rates(g, c->control);
	put_usage(g);
	control_line_end(c);
}

static void
begin_stream(struct control_client *c)
{
	account_settle(c->control->env->account);
	control_answer(c);
	control_line_end(c);
}

/* The cursor, after all flows, counts on from BYPASSES. */
#define BYPASSES (UINT64_MAX / 2)

static bool
more_bypasses(struct control_client *c)
{
	const struct bypass *b = overheard_next(c->control->overheard, c->cursor - BYPASSES);
	yajl_gen g;

	if (b == NULL)
		return false;
	c->cursor = BYPASSES + b->id;
	g = control_line(c);
	put_text(g, "bypass", b->missed ? "missed" : "direct");
	put_text(g, "protocol", proto_name(b->key.proto));
	put_addr(g, "source", &b->source);
	put_addr(g, "destination", &b->dst);
	put_text(g, "host", b->host[0] != '\0' ? b->host : NULL);
	put_text(g, "action", action_name(b->action));
	if (b->rule != 0)
		put_number(g, "rule", b->rule);
	put_number(g, "flows", b->flows);
	put_seconds(g, "age_s", now_of(c) - b->last);
	control_line_end(c);
	return true;
}

static bool
more_connections(struct control_client *c)
{
	struct flow_record *r = c->cursor < BYPASSES ? account_next(c->control->env->account, c->cursor) : NULL;
	yajl_gen g;

	if (r == NULL && c->request.all) {
		c->cursor = c->cursor < BYPASSES ? BYPASSES : c->cursor;
		if (more_bypasses(c))
			return true;
	}
	if (r == NULL) {
		c->watching = c->request.watch;
		return false;
	}
	c->cursor = r->id;
	r->ops->update(r);
	g = control_line(c);
	put_flow(g, r, now_of(c), false);
	control_line_end(c);
	return true;
}

static void
begin_events(struct control_client *c)
{
	begin_stream(c);
	c->watching = true;
}

/* What the rule or proxy has seen. */
static const struct tally *
tally_of(const struct tally *table, unsigned id)
{
	static const struct tally none;
	const struct tally *t;

	HASH_FIND(hh, table, &id, sizeof(id), t);
	return t != NULL ? t : &none;
}

static bool
more_rules(struct control_client *c)
{
	const struct conf *conf = conf_of(c);
	const struct conf_rule *rule = &conf->rules[c->cursor];
	yajl_gen g;

	if (c->cursor >= conf->nrules)
		return false;
	c->cursor++;
	g = control_line(c);
	put_number(g, "id", rule->id);
	put_text(g, "name", rule->name);
	put_text(g, "pattern", rule->pattern);
	if (rule->pattern_file != NULL)
		put_text(g, "pattern_file", rule->pattern_file);
	put_bool(g, "enabled", rule->enabled);
	put_text(g, "action", action_name(rule->action));
	put_proxies(g, rule->proxies, rule->nproxies);
	put_traffic(g, &tally_of(c->control->env->account->rules, rule->id)->traffic);
	control_line_end(c);
	return true;
}

static bool
more_proxies(struct control_client *c)
{
	const struct policy *policy = c->control->env->policy;
	const struct proxy *proxy = &policy->proxies[c->cursor];
	const struct tally *t;
	yajl_gen g;

	if (c->cursor >= policy->conf->nproxies)
		return false;
	c->cursor++;
	t = tally_of(c->control->env->account->proxies, proxy->conf->id);
	g = control_line(c);
	put_number(g, "id", proxy->conf->id);
	put_text(g, "name", proxy->conf->name);
	put_text(g, "type", proxy->conf->type == PROXY_HTTP ? "Http" : "Socks5");
	put_text(g, "host", proxy->conf->host);
	put_number(g, "port", proxy->conf->port);
	put_text(g, "state", proxy_state(proxy));
	put_text(g, "udp", !proxy->udp_known ? "unknown" : proxy->udp ? "yes" : "no");
	put_addr(g, "address", proxy->naddrs > 0 ? &proxy->addrs[proxy->preferred] : &addr_none);
	put_number(g, "connects", proxy->connects);
	put_number(g, "failures", proxy->failures);
	put_traffic(g, &t->traffic);
	put_histogram(g, "connect_s", &t->connect);
	put_histogram(g, "first_byte_s", &t->first_byte);
	control_line_end(c);
	return true;
}

static void
put_dns(yajl_gen g, const struct account *a)
{
	put_number(g, "queries", a->dns_queries);
	put_number(g, "cached", a->dns_cached);
	put_number(g, "proxied", a->dns_proxied);
	put_number(g, "blocked", a->dns_blocked);
	put_number(g, "failed", a->dns_failed);
}

static void
begin_dns(struct control_client *c)
{
	const struct policy *policy = c->control->env->policy;
	char text[ADDR_TEXT_MAX];
	yajl_gen g = control_answer(c);

	put_bool(g, "enabled", policy->conf->dns.enabled);
	put_key(g, "resolvers");
	yajl_gen_array_open(g);
	for (size_t i = 0; i < policy->nresolvers; i++) {
		addr_format(&policy->resolvers[i], text);
		yajl_gen_string(g, (const unsigned char *)text, strlen(text));
	}
	yajl_gen_array_close(g);
	put_number(g, "names", names_count(c->control->env->names));
	put_dns(g, c->control->env->account);
	control_line_end(c);
}

static int
by_bytes(const void *a, const void *b)
{
	const struct traffic *x = &(*(struct tally *const *)a)->traffic, *y = &(*(struct tally *const *)b)->traffic;
	const uint64_t xs = x->out + x->in, ys = y->out + y->in;

	return xs < ys ? 1 : xs > ys ? -1 : 0;
}

/* The hosts with the most bytes. */
static void
put_hosts(yajl_gen g, struct tally *hosts)
{
	struct tally *sorted[ACCOUNT_HOSTS + 1];
	size_t n = 0;

	for (struct tally *t = hosts; t != NULL && n <= ACCOUNT_HOSTS; t = t->hh.next)
		sorted[n++] = t;
	qsort(sorted, n, sizeof(sorted[0]), by_bytes);
	put_key(g, "hosts");
	yajl_gen_array_open(g);
	for (size_t i = 0; i < n && i < HOSTS_SHOWN; i++) {
		yajl_gen_map_open(g);
		put_text(g, "host", sorted[i]->host);
		put_traffic(g, &sorted[i]->traffic);
		yajl_gen_map_close(g);
	}
	yajl_gen_array_close(g);
}

static void
put_closed(yajl_gen g, const struct account *a)
{
	put_map(g, "close");
	for (int i = 0; i < CLOSE_REASONS; i++)
		if (a->closed[i] > 0)
			put_number(g, close_reason_name((enum close_reason)i), a->closed[i]);
	yajl_gen_map_close(g);
}

static void
put_overheard(yajl_gen g, const struct overheard_counts *counts)
{
	put_map(g, "capture");
	put_number(g, "names", counts->names);
	put_number(g, "direct", counts->direct);
	put_number(g, "missed", counts->missed);
	put_number(g, "dropped_by_kernel", counts->kernel);
	put_number(g, "dropped_by_us", counts->socket);
	yajl_gen_map_close(g);
}

static void
begin_stats(struct control_client *c)
{
	struct account *a = c->control->env->account;
	yajl_gen g = control_answer(c);

	account_settle(a);
	put_seconds(g, "uptime_s", now_of(c) - a->started);
	put_traffic(g, &a->all);
	put_rates(g, c->control);
	put_map(g, "actions");
	for (int action = ACTION_DIRECT; action <= ACTION_BLOCK; action++) {
		put_map(g, action_name((enum action)action));
		put_number(g, "active", a->active[action]);
		put_number(g, "closed", a->total[action]);
		yajl_gen_map_close(g);
	}
	yajl_gen_map_close(g);
	put_closed(g, a);
	put_map(g, "dns");
	put_dns(g, a);
	yajl_gen_map_close(g);
	put_map(g, "udp_dropped");
	for (int i = 0; i < DROPS; i++)
		put_number(g, drop_name((enum drop)i), a->dropped[i]);
	yajl_gen_map_close(g);
	put_overheard(g, overheard_counts(c->control->overheard));
	put_hosts(g, a->hosts);
	put_usage(g);
	control_line_end(c);
}

static void
begin_test(struct control_client *c)
{
	if (c->request.host[0] == '\0')
		control_error(c, "the request has no \"host\"; name one");
	else
		begin_stream(c);
}

static void
put_verdict(yajl_gen g, const char *key, const struct verdict *v)
{
	put_map(g, key);
	put_text(g, "action", action_name(v->action));
	if (v->rule != NULL)
		put_number(g, "rule", v->rule->id);
	put_proxies(g, v->proxies, v->action == ACTION_PROXY ? v->nproxies : 0);
	yajl_gen_map_close(g);
}

static void
test_query(const struct control_client *c, struct rule_query *q, union addr *addr)
{
	const struct control_request *r = &c->request;

	*q = (struct rule_query){ .host = r->host, .proto = r->protocol != 0 ? r->protocol : IPPROTO_TCP,
		.port = r->port != 0 ? r->port : 443, .user = RULE_USER_UNKNOWN };
	if (addr_parse(r->host, q->port, addr) == 0) {
		q->host = NULL;
		q->dst = addr;
	}
}

/* One line for each rule until the one that wins, then the verdict. */
static bool
more_test(struct control_client *c)
{
	static const char *const misses[] = { [RULE_MATCHES] = "matches", [RULE_DISABLED] = "disabled",
		[RULE_PATTERN] = "pattern", [RULE_PROTOCOL] = "protocol", [RULE_PORTS] = "ports", [RULE_USER] = "user" };
	const struct conf *conf = conf_of(c);
	struct rule_query q;
	struct verdict v;
	union addr addr;
	yajl_gen g;

	test_query(c, &q, &addr);
	v = rule_match(conf, &q);
	if (c->cursor < conf->nrules && (v.rule == NULL || &conf->rules[c->cursor] <= v.rule)) {
		g = control_line(c);
		put_number(g, "rule", conf->rules[c->cursor].id);
		put_text(g, "name", conf->rules[c->cursor].name);
		put_text(g, "pattern", conf->rules[c->cursor].pattern);
		put_text(g, "why", misses[rule_explain(conf, &conf->rules[c->cursor], &q)]);
		control_line_end(c);
		c->cursor++;
		return true;
	}
	if (c->cursor == UINT64_MAX)
		return false;
	c->cursor = UINT64_MAX;
	g = control_line(c);
	put_verdict(g, "verdict", &v);
	q.proto = 0;
	v = rule_match(conf, &q);
	if (q.host != NULL)
		put_verdict(g, "dns", &v);
	control_line_end(c);
	return true;
}

static void
begin_kill(struct control_client *c)
{
	struct flow_record *r = c->request.id > 0 ? account_next(c->control->env->account, c->request.id - 1) : NULL;
	yajl_gen g;

	if (r == NULL || r->id != c->request.id) {
		control_error(c, "there is no flow %ju; it has ended, or never was", (uintmax_t)c->request.id);
		return;
	}
	r->ops->update(r);
	g = control_answer(c);
	put_flow(g, r, now_of(c), false);
	control_line_end(c);
	r->ops->kill(r);
}

/* What the helper wrote about the reload, as one line. */
static void
read_text(int fd, char text[RELOAD_TEXT_MAX])
{
	ssize_t n = fd != -1 ? pread(fd, text, RELOAD_TEXT_MAX - 1, 0) : 0;

	text[n > 0 ? n : 0] = '\0';
	text[strcspn(text, "\n")] = '\0';
}

static void
helper_answer_cb(void *arg, int error, const struct ipc_msg *msg, int fd)
{
	struct control_client *c = arg;
	char text[RELOAD_TEXT_MAX];
	yajl_gen g;

	read_text(fd, text);
	if (fd != -1)
		close(fd);
	if (error != 0) {
		control_error(c, "%s", text[0] != '\0' ? text : strerror(error));
	} else {
		g = control_answer(c);
		put_text(g, "message", text);
		control_line_end(c);
	}
	control_answered(c);
}

static void
ask_helper(struct control_client *c, enum ipc_type type, bool pause, unsigned timeout_ms)
{
	struct ipc_msg msg = { .type = type, .pause = { .on = pause } };

	c->asked = ipc_request(c->control->env->ipc, &msg, timeout_ms, helper_answer_cb, c);
	if (c->asked == 0)
		control_error(c, "the helper process cannot be asked");
}

static void begin_reload(struct control_client *c) { ask_helper(c, IPC_RELOAD, false, RELOAD_TIMEOUT_MS); }
static void begin_pause(struct control_client *c) { ask_helper(c, IPC_PAUSE, true, PAUSE_TIMEOUT_MS); }
static void begin_resume(struct control_client *c) { ask_helper(c, IPC_PAUSE, false, PAUSE_TIMEOUT_MS); }

static const struct control_verb verbs[] = {
	{ "status", begin_status, NULL },
	{ "connections", begin_stream, more_connections },
	{ "stats", begin_stats, NULL },
	{ "rules", begin_stream, more_rules },
	{ "proxies", begin_stream, more_proxies },
	{ "dns", begin_dns, NULL },
	{ "events", begin_events, NULL },
	{ "test", begin_test, more_test },
	{ "kill", begin_kill, NULL },
	{ "reload", begin_reload, NULL },
	{ "pause", begin_pause, NULL },
	{ "resume", begin_resume, NULL },
};

const struct control_verb *
control_verb_find(const char *name)
{
	for (size_t i = 0; i < sizeof(verbs) / sizeof(verbs[0]); i++)
		if (strcmp(verbs[i].name, name) == 0)
			return &verbs[i];
	return NULL;
}
