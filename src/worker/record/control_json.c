#include "config.h"

#include "worker/record/control_json.h"

static void
put_string(yajl_gen g, const char *text)
{
	yajl_gen_string(g, (const unsigned char *)text, strlen(text));
}

void
put_key(yajl_gen g, const char *key)
{
	put_string(g, key);
}

void
put_map(yajl_gen g, const char *key)
{
	put_key(g, key);
	yajl_gen_map_open(g);
}

void
put_array(yajl_gen g, const char *key)
{
	put_key(g, key);
	yajl_gen_array_open(g);
}

void
put_text(yajl_gen g, const char *key, const char *text)
{
	put_key(g, key);
	if (text != NULL)
		put_string(g, text);
	else
		yajl_gen_null(g);
}

void
put_number(yajl_gen g, const char *key, uint64_t number)
{
	put_key(g, key);
	yajl_gen_integer(g, (long long)number);
}

void
put_seconds(yajl_gen g, const char *key, double seconds)
{
	char text[32];
	int len = snprintf(text, sizeof(text), "%.3f", seconds);

	put_key(g, key);
	yajl_gen_number(g, text, (size_t)len);
}

void
put_bool(yajl_gen g, const char *key, bool value)
{
	put_key(g, key);
	yajl_gen_bool(g, value);
}

void
put_proxies(yajl_gen g, const struct conf_proxy *const *proxies, size_t n)
{
	put_array(g, "proxies");
	for (size_t i = 0; i < n; i++)
		yajl_gen_integer(g, proxies[i]->id);
	yajl_gen_array_close(g);
}

void
put_addr(yajl_gen g, const char *key, const union addr *addr)
{
	char text[ADDR_TEXT_MAX];

	put_text(g, key, addr_is_set(addr) ? addr_format(addr, text) : NULL);
}

static void
put_id(yajl_gen g, const char *key, bool known, unsigned id)
{
	if (known)
		put_number(g, key, id);
	else
		put_text(g, key, NULL);
}

void
put_flow(yajl_gen g, const struct flow_record *r, double now, bool ended)
{
	put_number(g, "id", r->id);
	put_text(g, "protocol", r->proto);
	put_addr(g, "source", &r->peer);
	put_addr(g, "destination", &r->dst);
	put_text(g, "host", r->host);
	put_text(g, "via", r->via);
	put_id(g, "rule", r->verdict.rule != NULL, r->verdict.rule != NULL ? r->verdict.rule->id : 0);
	put_text(g, "action", action_name(r->verdict.action));
	put_id(g, "proxy", r->proxy != NULL, r->proxy != NULL ? r->proxy->id : 0);
	put_number(g, "out", r->out);
	put_number(g, "in", r->in);
	put_seconds(g, "age_s", now - r->began);
	if (ended)
		put_text(g, "close", close_reason_name(r->reason));
}
