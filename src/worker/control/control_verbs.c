#include "config.h"

#include <unistd.h>

#include "host/usage.h"
#include "worker/control/control_internal.h"
#include "worker/record/control_json.h"
#include "worker/upstream/proxy_way.h"

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

static void
put_traffic(yajl_gen g, const struct traffic *t)
{
	for (size_t i = 0; i < TRAFFIC_FIELDS; i++)
		put_number(g, traffic_fields[i].member, traffic_value(t, &traffic_fields[i]));
}

/* All flows together, and the throughput since the sample before the last. */
static void
put_all(yajl_gen g, const struct control *control)
{
	const struct traffic all = account_traffic(control->env->account);
	const double passed = ev_now(control->env->loop) - control->before.at;

	put_traffic(g, &all);
	put_number(g, "out_bytes_per_s", passed > 0 ? (uint64_t)((double)(all.out - control->before.out) / passed) : 0);
	put_number(g, "in_bytes_per_s", passed > 0 ? (uint64_t)((double)(all.in - control->before.in) / passed) : 0);
}

/* The counters of a group, as members of the open object. */
static void
put_counters(yajl_gen g, const struct account *a, const char *group)
{
	for (const struct counter_family *f = counter_families; f < counter_families + ncounter_families; f++) {
		if (f->group == NULL || strcmp(f->group, group) != 0)
			continue;
		for (unsigned i = 0; i < f->n; i++)
			if (!f->sparse || account_counter(a, f->first + i) > 0)
				put_number(g, counter_member(f, i), account_counter(a, f->first + i));
	}
}

static const char *
proxy_state(const struct proxy *proxy)
{
	if (!proxy->conf->enabled)
		return "disabled";
	return proxy->down ? "down" : proxy->connects > 0 ? "up" : "unused";
}

static bool
begin_status(struct control_client *c, yajl_gen g)
{
	const struct policy *policy = c->control->env->policy;
	const bool on = policy->conf->global_enabled, paused = c->control->env->paused;
	unsigned down = 0;

	account_settle(c->control->env->account);
	for (size_t i = 0; i < policy->conf->nproxies; i++)
		down += policy->proxies[i].conf->enabled && policy->proxies[i].down;
	put_text(g, "version", PACKAGE_VERSION);
	put_text(g, "state", !on ? "disabled" : paused ? "paused" : "intercepting");
	put_seconds(g, "uptime_s", account_uptime(c->control->env->account, now_of(c)));
	put_number(g, "reloads", policy->generation - 1);
	put_seconds(g, "loaded_s", now_of(c) - policy->since);
	put_text(g, "anchor", policy->conf->intercept.anchor);
	put_number(g, "rules", policy->conf->nrules);
	put_number(g, "proxies", policy->conf->nproxies);
	put_number(g, "proxies_down", down);
	put_number(g, "clients", c->control->nclients);
	put_counters(g, c->control->env->account, "firewall");
	put_all(g, c->control);
	put_usage(g);
	return true;
}

static bool
begin_stream(struct control_client *c, yajl_gen g)
{
	account_settle(c->control->env->account);
	return true;
}

/* After all flows, the cursor is BYPASSES + id of a bypass. */
#define BYPASSES (UINT64_MAX / 2)

static bool
more_bypasses(struct control_client *c, yajl_gen g)
{
	const struct bypass *b = overheard_next(c->control->overheard, c->cursor - BYPASSES);

	if (b == NULL)
		return false;
	c->cursor = BYPASSES + b->id;
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
	return true;
}

static bool
more_connections(struct control_client *c, yajl_gen g)
{
	struct flow_record *r = c->cursor < BYPASSES ? account_next(c->control->env->account, c->cursor) : NULL;

	if (r == NULL && c->request.all) {
		c->cursor = c->cursor < BYPASSES ? BYPASSES : c->cursor;
		if (more_bypasses(c, g))
			return true;
	}
	if (r == NULL) {
		c->watching = c->request.watch;
		return false;
	}
	c->cursor = r->id;
	r->ops->update(r);
	put_flow(g, r, now_of(c), false);
	return true;
}

static bool
begin_events(struct control_client *c, yajl_gen g)
{
	c->watching = true;
	return true;
}

static bool
more_rules(struct control_client *c, yajl_gen g)
{
	const struct conf *conf = conf_of(c);
	const struct conf_rule *rule = &conf->rules[c->cursor];

	if (c->cursor >= conf->nrules)
		return false;
	c->cursor++;
	put_number(g, "id", rule->id);
	put_text(g, "name", rule->name);
	put_text(g, "pattern", rule->pattern);
	if (rule->pattern_file != NULL)
		put_text(g, "pattern_file", rule->pattern_file);
	put_bool(g, "enabled", rule->enabled);
	put_text(g, "action", action_name(rule->action));
	put_proxies(g, rule->proxies, rule->nproxies);
	put_traffic(g, &account_tally(c->control->env->account, TALLY_RULES, rule->id)->traffic);
	return true;
}

static void
put_histogram(yajl_gen g, const char *key, const struct histogram *h)
{
	uint64_t count = 0;

	put_map(g, key);
	put_array(g, "buckets");
	for (size_t i = 0; i <= ACCOUNT_BUCKETS; i++) {
		count += h->counts[i];
		yajl_gen_map_open(g);
		if (i < ACCOUNT_BUCKETS)
			put_seconds(g, "le", account_bounds[i]);
		else
			put_text(g, "le", NULL);
		put_number(g, "count", count);
		yajl_gen_map_close(g);
	}
	yajl_gen_array_close(g);
	put_number(g, "count", count);
	put_seconds(g, "sum", h->sum);
	yajl_gen_map_close(g);
}

static bool
more_proxies(struct control_client *c, yajl_gen g)
{
	const struct policy *policy = c->control->env->policy;
	const struct proxy *proxy = &policy->proxies[c->cursor];
	const struct tally *t;
	enum name_way way;

	if (c->cursor >= policy->conf->nproxies)
		return false;
	c->cursor++;
	way = proxy_way_known(policy, proxy);
	t = account_tally(c->control->env->account, TALLY_PROXIES, proxy->conf->id);
	put_number(g, "id", proxy->conf->id);
	put_text(g, "name", proxy->conf->name);
	put_text(g, "type", proxy->conf->kind->name);
	put_text(g, "host", proxy->conf->host);
	put_number(g, "port", proxy->conf->port);
	put_text(g, "state", proxy_state(proxy));
	put_text(g, "udp", !proxy->udp_known ? "unknown" : proxy->udp ? "yes" : "no");
	put_text(g, "names", way >= NAME_FAKE ? "made-up" : way == NAME_LOOKED_UP ? "looked-up" : "untried");
	put_text(g, "names_reason", name_way_reason(way));
	put_addr(g, "address", proxy->naddrs > 0 ? &proxy->addrs[proxy->preferred] : &addr_none);
	put_number(g, "connects", proxy->connects);
	put_number(g, "failures", proxy->failures);
	put_traffic(g, &t->traffic);
	put_histogram(g, "connect_s", &t->connect);
	put_histogram(g, "first_byte_s", &t->first_byte);
	return true;
}

static bool
begin_dns(struct control_client *c, yajl_gen g)
{
	const struct policy *policy = c->control->env->policy;
	char text[ADDR_TEXT_MAX];

	put_bool(g, "enabled", policy->conf->dns.enabled);
	put_array(g, "resolvers");
	for (size_t i = 0; i < policy->nresolvers; i++) {
		addr_format(&policy->resolvers[i], text);
		yajl_gen_string(g, (const unsigned char *)text, strlen(text));
	}
	yajl_gen_array_close(g);
	put_number(g, "names", names_count(c->control->env->names));
	put_counters(g, c->control->env->account, "dns");
	return true;
}

static void
put_hosts(yajl_gen g, const struct account *a)
{
	const struct tally *top[HOSTS_SHOWN];
	const size_t n = account_top_hosts(a, top, HOSTS_SHOWN);

	put_array(g, "hosts");
	for (size_t i = 0; i < n; i++) {
		yajl_gen_map_open(g);
		put_text(g, "host", top[i]->host);
		put_traffic(g, &top[i]->traffic);
		yajl_gen_map_close(g);
	}
	yajl_gen_array_close(g);
}

static bool
begin_stats(struct control_client *c, yajl_gen g)
{
	static const char *const groups[] = { "close", "dns", "udp_dropped", "firewall", "capture" };
	struct account *a = c->control->env->account;

	account_settle(a);
	put_seconds(g, "uptime_s", account_uptime(a, now_of(c)));
	put_all(g, c->control);
	put_map(g, "actions");
	for (int action = 0; action < ACTIONS; action++) {
		put_map(g, action_name((enum action)action));
		put_number(g, "active", account_counter(a, COUNT_ACTIVE + (unsigned)action));
		put_number(g, "closed", account_counter(a, COUNT_CLOSED + (unsigned)action));
		yajl_gen_map_close(g);
	}
	yajl_gen_map_close(g);
	for (size_t i = 0; i < sizeof(groups) / sizeof(groups[0]); i++) {
		put_map(g, groups[i]);
		put_counters(g, a, groups[i]);
		yajl_gen_map_close(g);
	}
	put_hosts(g, a);
	put_usage(g);
	return true;
}

static bool
begin_kill(struct control_client *c, yajl_gen g)
{
	struct flow_record *r = c->request.id > 0 ? account_next(c->control->env->account, c->request.id - 1) : NULL;

	if (r == NULL || r->id != c->request.id) {
		control_error(c, "there is no flow %ju; it has ended, or never was", (uintmax_t)c->request.id);
		return false;
	}
	r->ops->update(r);
	put_flow(g, r, now_of(c), false);
	control_line_end(c);    /* before the event of its end */
	r->ops->kill(r);
	return false;
}

/* The first line of the text that came with the helper's answer. */
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

static bool
ask_helper(struct control_client *c, struct ipc_msg msg, unsigned timeout_ms)
{
	c->asked = ipc_request(c->control->env->ipc, &msg, timeout_ms, helper_answer_cb, c);
	if (c->asked == 0)
		control_error(c, "the helper process cannot be asked");
	return false;
}

static bool
begin_reload(struct control_client *c, yajl_gen g)
{
	return ask_helper(c, (struct ipc_msg){ .type = IPC_RELOAD }, RELOAD_TIMEOUT_MS);
}

static bool
begin_pause(struct control_client *c, yajl_gen g)
{
	return ask_helper(c, (struct ipc_msg){ .type = IPC_PAUSE, .pause = { .on = true } }, PAUSE_TIMEOUT_MS);
}

static bool
begin_resume(struct control_client *c, yajl_gen g)
{
	return ask_helper(c, (struct ipc_msg){ .type = IPC_PAUSE }, PAUSE_TIMEOUT_MS);
}

static const struct control_verb verbs[] = {
	{ "status", begin_status, NULL, true },
	{ "connections", begin_stream, more_connections, false },
	{ "stats", begin_stats, NULL, true },
	{ "rules", begin_stream, more_rules, false },
	{ "proxies", begin_stream, more_proxies, false },
	{ "dns", begin_dns, NULL, false },
	{ "events", begin_events, NULL, false },
	{ "test", control_test_begin, control_test_more, false },
	{ "kill", begin_kill, NULL, false },
	{ "reload", begin_reload, NULL, false },
	{ "pause", begin_pause, NULL, false },
	{ "resume", begin_resume, NULL, false },
	{ NULL, NULL, NULL, false },
};
const struct control_verb *const control_verbs = verbs;
