#include "config.h"

#define HASH_NONFATAL_OOM 1
#include "base/hash.h"
#include "worker/dns/dns_share.h"

#include <limits.h>

#include "host/udp.h"

#define SCAN    64              /* of the oldest places are looked at for one to a silent server */
#define FEW     16              /* places that nobody has to share */
#define KEY_MAX (1 + sizeof(struct addr_key) + sizeof(void *) + DNS_WIRE_MAX)

struct share_key {
	size_t  len;
	uint8_t bytes[KEY_MAX];
};

/* A client, a server or a name, and its places. */
struct dns_share {
	UT_hash_handle         hh;
	unsigned               count;
	/* Of SHARE_SERVER: */
	bool                   answers;         /* has ever answered */
	unsigned               unanswered;      /* places taken since its last answer */
	double                 quiet_since;     /* its last answer, or the first place since there was none */
	TAILQ_HEAD(, dns_use)  uses;            /* the oldest first */
	size_t                 key_len;
	uint8_t                key[];
};

static void
key_add(struct share_key *key, const void *bytes, size_t n)
{
	memcpy(key->bytes + key->len, bytes, n);
	key->len += n;
}

/* The last two labels of a name. */
static void
key_add_tail(struct share_key *key, const struct dns_name *name)
{
	size_t starts[2] = { 0, 0 };

	for (size_t at = 0; at < name->len && name->wire[at] != 0; at += name->wire[at] + 1u) {
		starts[0] = starts[1];
		starts[1] = at;
	}
	key_add(key, name->wire + starts[0], name->len - starts[0]);
}

static void
key_make(struct share_key *key, enum dns_share_kind kind, const struct dns_place_request *r)
{
	const struct addr_key server = addr_key(r->server), client = addr_key_ip(r->client);
	const uint8_t byte = (uint8_t)kind;

	key->len = 0;
	key_add(key, &byte, 1);
	if (kind == SHARE_CLIENT)
		key_add(key, &client, sizeof(client));
	if (kind != SHARE_SERVER && kind != SHARE_NAME)
		return;
	key_add(key, &server, sizeof(server));
	key_add(key, &r->route, sizeof(r->route));
	if (kind == SHARE_NAME && r->name != NULL)
		key_add_tail(key, r->name);
}

static struct dns_share *
share_get(struct dns_shares *shares, enum dns_share_kind kind, const struct dns_place_request *r)
{
	struct share_key key;
	struct dns_share *s;

	key_make(&key, kind, r);
	HASH_FIND(hh, shares->table, key.bytes, key.len, s);
	if (s != NULL)
		return s;
	s = calloc(1, sizeof(*s) + key.len);
	if (s == NULL)
		return NULL;
	TAILQ_INIT(&s->uses);
	s->key_len = key.len;
	memcpy(s->key, key.bytes, key.len);
	HASH_ADD_KEYPTR(hh, shares->table, s->key, s->key_len, s);
	if (s->hh.tbl == NULL) {
		free(s);
		return NULL;
	}
	return s;
}

static void
share_free(struct dns_shares *shares, struct dns_share *s)
{
	shares->known -= s->answers;
	HASH_DELETE(hh, shares->table, s);
	free(s);
}

static void
share_put(struct dns_shares *shares, struct dns_share *s)
{
	if (s != NULL && s->count == 0 && !s->answers)
		share_free(shares, s);
}

static bool
place_is_old(const struct dns_place *p, double now)
{
	return now - p->since >= DNS_JOSTLE_S;
}

/* The oldest place, if n is more than a part of all places, and it is old; else NULL. */
static struct dns_place *
share_jostled(const struct dns_share *s, unsigned n, unsigned part, double now)
{
	if (s->count == 0 || n < FEW || n < part || !place_is_old(TAILQ_FIRST(&s->uses)->place, now))
		return NULL;
	return TAILQ_FIRST(&s->uses)->place;
}

/* All places are taken: which one is given to one for this server? NULL: none. */
static struct dns_place *
shares_dispensable(const struct dns_share *all, const struct dns_share *server, unsigned max, double now)
{
	const struct dns_use *use;
	const struct dns_share *its;
	unsigned scanned = 0;

	TAILQ_FOREACH(use, &all->uses, link) {
		its = use->place->uses[SHARE_SERVER].share;
		if ((!its->answers || its->unanswered >= max / 8) &&
		    ((server->answers && server != its) || place_is_old(use->place, now)))
			return use->place;
		if (++scanned == SCAN)
			break;
	}
	return share_jostled(all, UINT_MAX, 0, now);
}

/* Who makes room for a place that these shares take part in? NULL: nobody must. EBUSY: nobody can. */
static int
shares_victim(struct dns_share *const s[DNS_SHARE_KINDS], const union addr *client, unsigned max, double now,
    struct dns_place **victim)
{
	*victim = NULL;
	if (s[SHARE_ALL]->count < max / 2)
		return 0;
	*victim = share_jostled(s[SHARE_NAME], s[SHARE_NAME]->count, max / 8, now);
	if (*victim == NULL)
		*victim = now - s[SHARE_SERVER]->quiet_since < DNS_SILENT_S ? NULL :
		    share_jostled(s[SHARE_SERVER], s[SHARE_SERVER]->unanswered, max / 8, now);
	if (*victim == NULL) {
		*victim = share_jostled(s[SHARE_CLIENT], s[SHARE_CLIENT]->count, max / 4, now);
		if (*victim != NULL && udp_is_own(client))
			*victim = NULL;
	}
	if (*victim != NULL || s[SHARE_ALL]->count < max)
		return 0;
	*victim = shares_dispensable(s[SHARE_ALL], s[SHARE_SERVER], max, now);
	return *victim != NULL ? 0 : EBUSY;
}

int
dns_place_take(struct dns_shares *shares, struct dns_place *p, const struct dns_place_request *r, unsigned max,
    double now)
{
	struct dns_share *s[DNS_SHARE_KINDS];
	struct dns_place *victim = NULL;
	int error = 0;

	for (int i = 0; i < DNS_SHARE_KINDS; i++) {
		s[i] = share_get(shares, (enum dns_share_kind)i, r);
		if (s[i] == NULL)
			error = ENOMEM;
	}
	if (error == 0)
		error = shares_victim(s, r->client, max, now, &victim);
	for (int i = 0; i < DNS_SHARE_KINDS && error == 0; i++) {
		p->uses[i].share = s[i];
		p->uses[i].place = p;
		if (s[i]->count++ == 0)
			s[i]->quiet_since = now;
		s[i]->unanswered++;
		TAILQ_INSERT_TAIL(&s[i]->uses, &p->uses[i], link);
	}
	for (int i = 0; i < DNS_SHARE_KINDS && error != 0; i++)
		share_put(shares, s[i]);
	if (error != 0)
		return error;
	p->since = now;
	p->taken = true;
	if (victim != NULL)
		shares->drop(victim);
	return 0;
}

void
dns_place_give(struct dns_shares *shares, struct dns_place *p)
{
	if (!p->taken)
		return;
	p->taken = false;
	for (int i = 0; i < DNS_SHARE_KINDS; i++) {
		TAILQ_REMOVE(&p->uses[i].share->uses, &p->uses[i], link);
		p->uses[i].share->count--;
		share_put(shares, p->uses[i].share);
	}
}

void
dns_place_answered(struct dns_shares *shares, struct dns_place *p, double now)
{
	struct dns_share *s = p->uses[SHARE_SERVER].share;

	s->unanswered = 0;
	s->quiet_since = now;
	if (!s->answers && shares->known < DNS_SHARES_KNOWN) {
		s->answers = true;
		shares->known++;
	}
}

void
dns_shares_clear(struct dns_shares *shares)
{
	struct dns_share *s, *next;

	HASH_ITER(hh, shares->table, s, next)
		if (s->count == 0)
			share_free(shares, s);
}
