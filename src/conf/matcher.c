#include "config.h"

#include "conf/matcher.h"

#define HASH_SEED 2166136261u   /* FNV-1a */

/* A pattern of a rule. Node 0 means none. */
struct node {
	struct pattern pattern;         /* a copy saves a cache miss */
	uint32_t       rule;
	uint32_t       next;            /* the same pattern in a later rule */
};

/* Empty: node is 0. */
struct slot { uint32_t hash, node; };

struct matcher {
	const struct conf_rule *rules;
	struct node            *nodes;
	struct slot            *slots;  /* open addressing, at most half full */
	uint32_t                mask;
	bool                    has[PATTERN_NETWORK + 1];       /* there are patterns of the kind */
	bool                    prefix4[33], prefix6[129];      /* there are networks of the length */
};

struct search {
	const struct matcher   *matcher;
	const struct conf_rule *best;
	matcher_want           *want;
	const void             *arg;
};

static uint32_t
hash_step(uint32_t hash, char c)
{
	return (hash ^ (unsigned char)c) * 16777619u;
}

static uint32_t
hash_finish(uint32_t hash, enum pattern_kind kind)
{
	hash ^= (uint32_t)kind * 0x9e3779b9u;
	hash = (hash ^ (hash >> 16)) * 0x85ebca6bu;
	return hash ^ (hash >> 13);
}

static uint32_t
hash_network(const struct network *net)
{
	uint64_t half[2], hash;

	memcpy(half, net->bytes, sizeof(half));
	hash = (half[0] ^ net->prefix ^ (uint64_t)net->family << 8) * 0x9e3779b97f4a7c15u;
	hash = ((hash ^ hash >> 32) + half[1]) * 0xff51afd7ed558ccdu;
	return hash_finish((uint32_t)(hash >> 32), PATTERN_NETWORK);
}

/* A prefix is hashed from the left, other names from the right: the order in which lookups extend the hash. */
static uint32_t
hash_pattern(const struct pattern *p)
{
	uint32_t hash = HASH_SEED;

	if (p->kind == PATTERN_NETWORK)
		return hash_network(&p->network);
	for (size_t i = 0; i < p->len; i++)
		hash = hash_step(hash, p->text[p->kind == PATTERN_PREFIX ? i : p->len - 1 - i]);
	return hash_finish(hash, p->kind);
}

static bool
is_same(const struct pattern *a, const struct pattern *b)
{
	if (a->kind != b->kind)
		return false;
	if (a->kind == PATTERN_NETWORK)
		return a->network.family == b->network.family && a->network.prefix == b->network.prefix &&
		    memcmp(a->network.bytes, b->network.bytes, sizeof(a->network.bytes)) == 0;
	return a->len == b->len && (a->len == 0 || memcmp(a->text, b->text, a->len) == 0);
}

/* The slot of the key, or the empty one where it would go. */
static struct slot *
find(const struct matcher *m, const struct pattern *key, uint32_t hash)
{
	struct slot *slot;

	for (uint32_t i = hash;; i++) {
		slot = &m->slots[i & m->mask];
		if (slot->node == 0 || (slot->hash == hash && is_same(&m->nodes[slot->node].pattern, key)))
			return slot;
	}
}

static void
add(struct matcher *m, uint32_t node)
{
	const struct pattern *p = &m->nodes[node].pattern;
	struct slot *slot = find(m, p, hash_pattern(p));

	m->nodes[node].next = slot->node;
	*slot = (struct slot){ hash_pattern(p), node };
	m->has[p->kind] = true;
	if (p->kind == PATTERN_NETWORK)
		(p->network.family == AF_INET ? m->prefix4 : m->prefix6)[p->network.prefix] = true;
}

struct matcher *
matcher_new(struct arena *arena, const struct conf_rule *rules, size_t nrules)
{
	struct matcher *m = arena_alloc(arena, 1, sizeof(*m));
	uint32_t n = 0, nslots = 8;

	for (size_t i = 0; i < nrules; i++)
		n += rules[i].enabled ? (uint32_t)rules[i].npatterns : 0;
	while (nslots < 2 * n)
		nslots *= 2;
	if (m == NULL)
		return NULL;
	m->rules = rules;
	m->mask = nslots - 1;
	if ((m->nodes = arena_alloc(arena, n + 1, sizeof(m->nodes[0]))) == NULL ||
	    (m->slots = arena_alloc(arena, nslots, sizeof(m->slots[0]))) == NULL)
		return NULL;
	/* From the last rule to the first: add() puts each pattern before equal ones of later rules. */
	for (size_t i = nrules; i-- > 0;)
		for (size_t k = 0; rules[i].enabled && k < rules[i].npatterns; k++, n--) {
			m->nodes[n] = (struct node){ rules[i].patterns[k], (uint32_t)i, 0 };
			add(m, n);
		}
	return m;
}

static void
look(struct search *s, const struct pattern *key, uint32_t hash)
{
	const struct matcher *m = s->matcher;
	const struct conf_rule *rule;

	if (!m->has[key->kind])
		return;
	for (uint32_t node = find(m, key, hash)->node; node != 0; node = m->nodes[node].next) {
		rule = &m->rules[m->nodes[node].rule];
		if (rule >= s->best)
			return;
		if (s->want(s->arg, rule)) {
			s->best = rule;
			return;
		}
	}
}

/* Looks up a domain above the name or domain. hash: of its text. */
static void
look_domain(struct search *s, const char *text, size_t len, uint32_t hash)
{
	struct pattern key = { .kind = PATTERN_BELOW, .len = (unsigned)len, .text = text };

	look(s, &key, hash_finish(hash, key.kind));
	key.kind = PATTERN_TREE;
	look(s, &key, hash_finish(hash, key.kind));
}

/* Looks up the domains above the name or domain, the widest first, then itself. */
static void
look_from_right(struct search *s, const struct pattern *what)
{
	struct pattern itself = *what;
	uint32_t hash = HASH_SEED;

	for (size_t i = what->len; i-- > 0;) {
		if (what->text[i] == '.' && i > 0)
			look_domain(s, &what->text[i + 1], what->len - i - 1, hash);
		hash = hash_step(hash, what->text[i]);
	}
	look(s, what, hash_finish(hash, what->kind));
	itself.kind = PATTERN_TREE;
	look(s, &itself, hash_finish(hash, PATTERN_TREE));
}

/* Looks up the prefixes of the name or prefix. */
static void
look_from_left(struct search *s, const struct pattern *what)
{
	struct pattern key = { .kind = PATTERN_PREFIX, .text = what->text };
	uint32_t hash = HASH_SEED;

	for (size_t i = 0; i < what->len; i++) {
		if (what->text[i] == '.' && i + 1 < what->len) {
			key.len = (unsigned)i;
			look(s, &key, hash_finish(hash, PATTERN_PREFIX));
		}
		hash = hash_step(hash, what->text[i]);
	}
	if (what->kind == PATTERN_PREFIX)
		look(s, what, hash_finish(hash, PATTERN_PREFIX));
}

static void
look_networks(struct search *s, const struct pattern *what)
{
	const bool *used = what->network.family == AF_INET ? s->matcher->prefix4 : s->matcher->prefix6;
	struct pattern key = *what;

	for (unsigned prefix = what->network.prefix + 1u; prefix-- > 0;) {
		if (!used[prefix])
			continue;
		network_cut(&key.network, prefix);
		look(s, &key, hash_network(&key.network));
	}
}

const struct conf_rule *
matcher_first(const struct matcher *m, const struct pattern *what, const struct conf_rule *end,
    matcher_want *want, const void *arg)
{
	static const struct pattern any = { .kind = PATTERN_ANY };
	struct search s = { m, end, want, arg };

	look(&s, &any, hash_finish(HASH_SEED, PATTERN_ANY));
	if (what->kind == PATTERN_NETWORK)
		look_networks(&s, what);
	if (what->kind == PATTERN_NAME || what->kind == PATTERN_BELOW || what->kind == PATTERN_TREE)
		look_from_right(&s, what);
	if ((what->kind == PATTERN_NAME && m->has[PATTERN_PREFIX]) || what->kind == PATTERN_PREFIX)
		look_from_left(&s, what);
	return s.best;
}
