#include "config.h"

#include "conf/conf_internal.h"

#include <netinet/in.h>

#include "conf/matcher.h"

#define PROXY(name) offsetof(struct conf_proxy, name)
#define RULE(name)  offsetof(struct conf_rule, name)

static const struct conf_number ids = { 1, 4294967295, CONF_UNSIGNED };
static const struct conf_word user_word = { 31, "not a user; write a name of this host like \"alice\", or a number "
    "like \"1001\"" };
static const char *const protocols[] = { "tcp", "udp", NULL };
static const char *const sends[] = { "auto", "name", "address", NULL };

/* The name of a row of proxy_kinds[]. */
static int
read_kind(struct conf_reader *r, struct json *node, const struct conf_key *key, void *field)
{
	const char **names;
	size_t count = 0;
	int row, err;

	while (proxy_kinds[count] != NULL)
		count++;
	if ((names = conf_alloc(r, node, count + 1, sizeof(*names))) == NULL)
		return EINVAL;
	for (size_t i = 0; i < count; i++)
		names[i] = proxy_kinds[i]->name;
	if ((err = conf_read_words(r, node, &(struct conf_key){ .arg = names }, &row)) == 0)
		*(const struct proxy_kind **)field = proxy_kinds[row];
	return err;
}

/* node: the username or password; NULL when not given. */
static int
check_credential(struct conf_reader *r, const struct json *node, const struct proxy_kind *kind, bool is_username)
{
	const char *fault = node != NULL ? kind->refuse_credential(node->text, is_username) : NULL;

	return fault == NULL ? 0 :
	    conf_fail(r, node, "the %s for a proxy of type \"%s\" %s", node->key, kind->name, fault);
}

static const struct conf_key proxy_keys[] = {
	{ "id", JSON_NUMBER, conf_read_number, PROXY(id), &ids, conf_required },
	{ "name", JSON_STRING, NULL, PROXY(name), NULL, "" },
	{ "host", JSON_STRING, conf_read_host, PROXY(host), NULL, conf_required },
	{ "port", JSON_NUMBER, conf_read_number, PROXY(port), &conf_port, conf_required },
	{ "proxy_type", JSON_STRING, read_kind, PROXY(kind), NULL, conf_required },
	{ "username", JSON_STRING, NULL, PROXY(username), NULL, NULL },
	{ "password", JSON_STRING, NULL, PROXY(password), NULL, NULL },
	{ "enabled", JSON_BOOLEAN, NULL, PROXY(enabled), NULL, "true" },
	{ "dns_server", JSON_STRING, conf_read_resolver, PROXY(dns_server), NULL, NULL },
	{ "interface", JSON_STRING, conf_read_word, PROXY(interface), &conf_interface, NULL },
	{ "send", JSON_STRING, conf_read_words, PROXY(send), sends, "auto" },
	{ NULL, JSON_NULL, NULL, 0, NULL, NULL }
};

static int
read_proxy(struct conf_reader *r, struct json *node, const struct conf_key *key, void *field)
{
	const struct json *username, *password;
	struct conf_proxy *proxy = field;
	int err;

	proxy->index = node->index;
	if ((err = conf_read_object(r, node, key, field)) != 0)
		return err;
	username = json_member(node, "username");
	password = json_member(node, "password");
	if (password != NULL && username == NULL)
		return conf_fail_at(r, password->key_offset, password,
		    "the password has no username; add the key \"username\", or remove this one");
	if ((err = check_credential(r, username, proxy->kind, true)) != 0)
		return err;
	return check_credential(r, password, proxy->kind, false);
}

const struct conf_list conf_proxies = {
	{ NULL, JSON_OBJECT, read_proxy, 0, proxy_keys, NULL }, sizeof(struct conf_proxy), "id"
};

/* Adds the proxy whose id is in node to the rule. */
static int
add_proxy(struct conf_reader *r, struct json *node, struct conf_rule *rule)
{
	const struct conf_proxy *proxy = r->conf->proxies, *end = proxy + r->conf->nproxies;
	unsigned id;
	const struct conf_key key = { .type = JSON_NUMBER, .read = conf_read_number, .arg = &ids };
	int err = conf_read_value(r, node, &key, &id);

	if (err != 0)
		return err;
	while (proxy < end && proxy->id != id)
		proxy++;
	if (proxy == end)
		return conf_fail(r, node, "no proxy has the id %u; write the id of one in \"proxies\"", id);
	for (size_t i = 0; i < rule->nproxies; i++)
		if (rule->proxies[i] == proxy)
			return conf_fail(r, node, "the id %u is listed twice; remove one", id);
	rule->proxies[rule->nproxies++] = proxy;
	return 0;
}

/* One id, or a list of ids in failover order. An enabled rule keeps the enabled proxies only. */
static int
read_proxy_id(struct conf_reader *r, struct json *node, const struct conf_key *key, void *field)
{
	bool lone = node->type == JSON_NUMBER;
	struct conf_rule *rule = field;
	size_t n = 0;
	int err = 0;

	if (!lone && (node->type != JSON_ARRAY || node->count == 0))
		return conf_fail(r, node, "no proxy is named here; write an id like 1, or a list like [1, 2]");
	if ((rule->proxies = conf_alloc(r, node, node->count + 1, sizeof(rule->proxies[0]))) == NULL)
		return EINVAL;
	for (struct json *id = lone ? node : node->first; err == 0 && id != NULL; id = lone ? NULL : id->next)
		err = add_proxy(r, id, rule);
	if (err != 0 || !rule->enabled)
		return err;
	for (size_t i = 0; i < rule->nproxies; i++)
		if (rule->proxies[i]->enabled)
			rule->proxies[n++] = rule->proxies[i];
	rule->nproxies = n;
	return n > 0 ? 0 : conf_fail(r, node, "no proxy of this rule is enabled; enable one, or disable the rule");
}

/* A user name or number. UINT32_MAX is not a user: systems use it for "unchanged". */
static int
read_user(struct conf_reader *r, struct json *node, const struct conf_key *key, void *field)
{
	struct conf_rule *rule = field;
	const char *digits = node->text;
	const struct conf_text *text;
	unsigned long number;
	int err = conf_read_word(r, node, key, &rule->user);

	rule->uid = (uid_t)-1;
	if (err != 0)
		return err;
	if (strspn(digits, "0123456789") != node->len) {
		if (r->loader == NULL)
			return 0;
		if (r->loader(r->arg, NULL, node->text, &text) != 0)
			return conf_fail(r, node, "this host has no user \"%s\"; write the name of a user, or a "
			    "number like \"1001\"", node->text);
		digits = text->bytes;
	}
	number = strtoul(digits, NULL, 10);
	rule->uid = (uid_t)number;
	return number < UINT32_MAX ? 0 : conf_fail(r, node, "\"%s\" is %s", node->text, user_word.sentence);
}

static const struct conf_key rule_keys[] = {
	{ "id", JSON_NUMBER, conf_read_number, RULE(id), &ids, conf_required },
	{ "name", JSON_STRING, NULL, RULE(name), NULL, "" },
	{ "pattern", JSON_STRING, NULL, RULE(pattern), NULL, NULL },
	{ "pattern_file", JSON_STRING, NULL, RULE(pattern_file), NULL, NULL },
	{ "enabled", JSON_BOOLEAN, NULL, RULE(enabled), NULL, "true" },
	{ "action", JSON_STRING, conf_read_words, RULE(action), action_words, "proxy" },
	{ "proxy_id", JSON_NULL, read_proxy_id, 0, NULL, NULL },
	{ "ports", JSON_STRING, conf_read_ports, RULE(ports), NULL, NULL },
	{ "protocol", JSON_STRING, conf_read_words, RULE(protocol), protocols, NULL },
	{ "user", JSON_STRING, read_user, 0, &user_word, NULL },
	{ NULL, JSON_NULL, NULL, 0, NULL, NULL }
};

/* path NULL: "a;b;c" of the key "pattern"; else a file with one pattern a line and comments from "#" on. */
static int
add_patterns(struct conf_reader *r, const struct json *node, struct conf_rule *rule, const char *text, size_t len,
    const char *path)
{
	char *copy = conf_alloc(r, node, len + 1, 1), *item, error[512];

	if (copy == NULL)
		return EINVAL;
	memcpy(copy, text, len);
	if (path != NULL && strncmp(copy, "\xef\xbb\xbf", 3) == 0)       /* byte order mark of some editors */
		copy += 3;
	for (size_t line = 1; (item = strsep(&copy, path != NULL ? "\n" : ";")) != NULL; line++) {
		item[path != NULL ? strcspn(item, "#") : strlen(item)] = '\0';
		if (path != NULL && item[strspn(item, " \t\r")] == '\0')
			continue;
		if (pattern_parse(&r->conf->arena, item, &rule->patterns[rule->npatterns++], error,
		    sizeof(error)) != 0)
			return path != NULL ? conf_fail_line(r, path, line, error) : conf_fail(r, node, "%s", error);
	}
	return 0;
}

/* The path of the pattern file; a relative one starts at the directory of the configuration. */
static char *
list_path(struct conf_reader *r, const struct json *node)
{
	const char *slash = strrchr(r->file, '/');
	const size_t dir = slash != NULL && node->text[0] != '/' ? (size_t)(slash - r->file) + 1 : 0;
	char *path = conf_alloc(r, node, dir + node->len + 1, 1);

	if (path != NULL) {
		memcpy(path, r->file, dir);
		memcpy(path + dir, node->text, node->len);
	}
	return path;
}

static int
load_list(struct conf_reader *r, const struct json *node, const char *path, const struct conf_text **list)
{
	int err = r->loader == NULL ? ENOENT : r->loader(r->arg, path, NULL, list);

	if (err != 0)
		return conf_fail(r, node, "\"%.500s\" cannot be read (%s); make it readable, or name another file",
		    path, strerror(err));
	if (strlen((*list)->bytes) != (*list)->len)
		return conf_fail(r, node, "\"%.500s\" is not a text file; write one pattern a line", path);
	return 0;
}

static int
read_patterns(struct conf_reader *r, const struct json *rule_node, struct conf_rule *rule)
{
	const struct json *pattern = json_member(rule_node, "pattern"), *file = json_member(rule_node, "pattern_file");
	const struct conf_text *list = NULL;
	char *path = NULL;
	size_t count = 2;       /* upper bound of the number of patterns */
	int err = 0;

	if (pattern == NULL && file == NULL)
		return conf_fail(r, rule_node, "the key \"pattern\" is missing; add it, or \"pattern_file\"");
	if (file != NULL && ((path = list_path(r, file)) == NULL || load_list(r, file, path, &list) != 0))
		return EINVAL;
	for (const char *c = file != NULL ? list->bytes : ""; *c != '\0'; c++)
		count += *c == '\n';
	for (const char *c = pattern != NULL ? pattern->text : ""; *c != '\0'; c++)
		count += *c == ';';
	if ((rule->patterns = conf_alloc(r, rule_node, count, sizeof(rule->patterns[0]))) == NULL)
		return EINVAL;
	if (pattern != NULL)
		err = add_patterns(r, pattern, rule, pattern->text, pattern->len, NULL);
	else
		rule->pattern = "";
	if (err == 0 && file != NULL)
		err = add_patterns(r, file, rule, list->bytes, list->len, path);
	for (size_t i = 0; i < rule->npatterns && !rule->by_name; i++)
		rule->by_name = rule->patterns[i].text != NULL;
	if (err == 0 && rule->npatterns == 0)
		conf_warn(r, file, "\"%.300s\" holds no pattern, so this rule matches nothing; write one pattern a "
		    "line, or disable the rule", path);
	return err;
}

static int
read_rule(struct conf_reader *r, struct json *node, const struct conf_key *key, void *field)
{
	const struct json *action, *proxy_id;
	struct conf_rule *rule = field;
	int err;

	if ((err = conf_read_object(r, node, key, field)) != 0)
		return err;
	action = json_member(node, "action");
	proxy_id = json_member(node, "proxy_id");
	if (proxy_id == NULL && action->offset == 0)
		return conf_fail(r, node, "the rule has neither \"proxy_id\" nor \"action\"; add one of them");
	if (proxy_id == NULL && rule->action == ACTION_PROXY)
		return conf_fail(r, action, "the action \"proxy\" needs a proxy; add the key \"proxy_id\"");
	if (proxy_id != NULL && rule->action != ACTION_PROXY)
		return conf_fail_at(r, proxy_id->key_offset, proxy_id,
		    "the action \"%s\" uses no proxy; remove this key, or write \"proxy\" as action", action->text);
	if (json_member(node, "protocol") != NULL)
		rule->protocol = rule->protocol == 0 ? IPPROTO_TCP : IPPROTO_UDP;
	if (rule->enabled && rule->user != NULL)
		r->conf->asks_user = true;
	return read_patterns(r, node, rule);
}

int
conf_read_rules(struct conf_reader *r, struct json *node, const struct conf_key *key, void *field)
{
	struct conf *conf = r->conf;
	int err = conf_read_list(r, node, key, field);

	if (err != 0)
		return err;
	if ((conf->matcher = matcher_new(&conf->arena, conf->rules, conf->nrules)) == NULL)
		return conf_fail(r, node, "out of memory; make the file smaller");
	conf_warn_overlaps(r, node);
	return 0;
}

const struct conf_list conf_rules = {
	{ NULL, JSON_OBJECT, read_rule, 0, rule_keys, NULL }, sizeof(struct conf_rule), "id"
};
