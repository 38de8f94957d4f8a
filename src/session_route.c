#include "config.h"

#include "session_route.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "socks5_udp.h"

/* Rules that name the same proxies share their routes: the list of the first of them stands for all. */
static const struct conf_proxy *const *
route_list(const struct conf *conf, const struct verdict *v)
{
	const size_t size = v->nproxies * sizeof(v->proxies[0]);

	for (size_t i = 0; i < conf->nrules; i++)
		if (conf->rules[i].nproxies == v->nproxies && memcmp(conf->rules[i].proxies, v->proxies, size) == 0)
			return conf->rules[i].proxies;
	return v->proxies;
}

static void
route_free(struct route *r)
{
	HASH_DEL(r->all->routes, r);
	if (r->association != NULL)
		association_close(r->association);
	free(r);
}

static void
route_ready_cb(void *arg, const struct conf_proxy *proxy)
{
	struct route *r = arg;

	r->proxy = proxy;
	r->ready = true;
}

/* With the last session the route is gone. */
static void
route_ended_cb(void *arg, enum close_reason reason, const struct conf_proxy *proxy)
{
	struct route *r = arg;
	const bool ready = r->ready;
	struct session *s, *next;

	r->association = NULL;
	r->proxy = proxy;
	for (s = LIST_FIRST(&r->sessions); s != NULL; s = next) {
		next = LIST_NEXT(s, of_route);
		if (ready)
			session_end(s, reason);
		else
			session_refuse(s, reason);
	}
}

/* The session that was sent by this name, or whose answers come from this address, or may: the proxy looked the
 * name up itself, and a first answer from the right port tells what it found. */
static struct session *
route_named_session(struct route *r, const struct socks5_udp *head)
{
	struct session *s, *guess = NULL;

	LIST_FOREACH(s, &r->sessions, of_route) {
		if (s->record.host == NULL || addr_port(&s->record.dst) != head->port)
			continue;
		if (!addr_is_set(&head->addr) && strcasecmp(s->record.host, head->host) == 0)
			return s;
		if (addr_is_set(&head->addr) && addr_equal(&s->heard, &head->addr))
			return s;
		if (addr_is_set(&head->addr) && !addr_is_set(&s->heard) && (guess == NULL || guess->last < s->last))
			guess = s;
	}
	if (guess != NULL)
		guess->heard = head->addr;
	return guess;
}

/* May the client see a datagram from this address, to which it has not sent? Where it was delivered to our
 * listener's own address (pf), the kernel would show another source. */
static bool
route_may_show(const struct route *r, const struct session *any, const union addr *src)
{
	const struct firewall *fw = r->all->env.firewall;

	return src->sa.sa_family == any->flow.peer.sa.sa_family && addr_port(src) != 0 &&
	    !firewall_is_own(fw, &any->flow.local) && !addr_is_any(src) && !addr_is_loopback(src) &&
	    !addr_is_multicast(src) && !addr_is_linklocal(src);
}

static void
route_received_cb(void *arg, const uint8_t *data, size_t size)
{
	struct route *r = arg;
	struct sessions *all = r->all;
	struct session *any = LIST_FIRST(&r->sessions), *s = NULL;
	struct socks5_udp head;
	int error = socks5_udp_parse(data, size, &head);

	if (error != 0) {
		if (error == EOPNOTSUPP)
			all->env.account->dropped[DROP_FRAGMENT]++;
		else
			all->env.account->dropped[DROP_MALFORMED]++;
		return;
	}
	if (any->fake != NULL)
		s = any;
	else if (addr_is_set(&head.addr))
		s = session_find(all, &any->flow.peer, &head.addr);
	if (s != NULL && s->route != r) {
		all->env.account->dropped[DROP_STRANGER]++;        /* the client goes there by another way */
		return;
	}
	if (s == NULL)
		s = route_named_session(r, &head);
	if (s != NULL)
		session_answer(s, &s->record.dst, head.payload, head.len);
	else if (route_may_show(r, any, &head.addr))
		session_answer(any, &head.addr, head.payload, head.len);
	else
		all->env.account->dropped[DROP_STRANGER]++;
}

static const struct association_events route_events = { route_ready_cb, route_received_cb, route_ended_cb };

/* The proxies that may have UDP. NULL: no memory. The caller frees it. */
static const struct conf_proxy **
route_candidates(struct session *s, bool insist, size_t *count)
{
	const struct verdict *v = &s->record.verdict;
	const double now = ev_now(s->all->env.loop);
	const struct conf_proxy **list = calloc(v->nproxies + 1, sizeof(*list));

	*count = 0;
	for (size_t i = 0; list != NULL && i < v->nproxies; i++) {
		const struct proxy *proxy = policy_proxy(s->policy, v->proxies[i]);

		if (insist || !proxy->udp_known || proxy->udp || now >= proxy->udp_retry_at)
			list[(*count)++] = v->proxies[i];
	}
	return list;
}

static enum close_reason
route_new(struct session *s, const struct route_key *key, bool insist, struct route **out)
{
	struct sessions *all = s->all;
	size_t count;
	const struct conf_proxy **list = route_candidates(s, insist, &count);
	struct route *r = calloc(1, sizeof(*r));

	if (r != NULL && count > 0)
		r->association = association_open(all->env.upstream, s->policy, list, count, &route_events, r);
	if (r == NULL || r->association == NULL) {
		free(r);
		free(list);
		return list != NULL && count == 0 ? CLOSE_SOCKS_COMMAND : CLOSE_ERROR;
	}
	free(list);
	r->key = *key;
	r->all = all;
	LIST_INIT(&r->sessions);
	HASH_ADD(hh, all->routes, key, sizeof(r->key), r);
	*out = r;
	return CLOSE_DONE;
}

enum close_reason
session_route_join(struct session *s, bool insist)
{
	struct route_key key;
	struct route *r;
	enum close_reason reason;

	memset(&key, 0, sizeof(key));
	key.client = addr_key(&s->flow.peer);
	key.proxies = route_list(s->policy->conf, &s->record.verdict);
	if (s->fake != NULL)
		key.fake = addr_key(&s->record.dst);
	HASH_FIND(hh, s->all->routes, &key, sizeof(key), r);
	if (r == NULL) {
		reason = route_new(s, &key, insist, &r);
		if (reason != CLOSE_DONE)
			return reason;
	}
	s->route = r;
	s->state = SESSION_PROXY;
	LIST_INSERT_HEAD(&r->sessions, s, of_route);
	return CLOSE_DONE;
}

void
session_route_leave(struct session *s)
{
	struct route *r = s->route;

	s->record.proxy = r->proxy;
	s->route = NULL;
	LIST_REMOVE(s, of_route);
	if (LIST_EMPTY(&r->sessions))
		route_free(r);
}

int
session_route_send(struct session *s, const uint8_t *msg, size_t len)
{
	uint8_t header[SOCKS5_UDP_HEADER_MAX];
	const size_t header_len = socks5_udp_header(s->record.host, &s->record.dst, header);

	return association_send(s->route->association, header, header_len, msg, len);
}
