#include "config.h"

#include "wire/dns_edit.h"

#include "wire/dns_svcb.h"

#define KNOWN_NAMES 16
#define POINTER_MAX 0x3fff

enum { TYPE_RRSIG = 46, FLAG_AD = 0x20 };

/* A rewriting of one message. Once error is not 0, writes do nothing. */
struct editor {
	const uint8_t *msg;
	size_t         len;
	const struct dns_edit *edit;
	uint8_t       *out;
	size_t         at;              /* bytes of out in use */
	size_t         addresses;       /* that may still stay */
	bool           changed;
	unsigned       unsigned_types;  /* sets of records that changed: bits of covered() */
	int            error;
	struct known { size_t at; struct dns_name name; } known[KNOWN_NAMES];   /* names in out, in lower case */
	size_t         nknown;
};

static unsigned
covered(unsigned type)
{
	return type == DNS_A ? 1 : type == DNS_AAAA ? 2 : type == DNS_SVCB ? 4 : type == DNS_HTTPS ? 8 : 0;
}

static void
put(struct editor *e, const void *bytes, size_t n)
{
	if (e->error == 0 && n > DNS_MESSAGE_MAX - e->at)
		e->error = EMSGSIZE;
	if (e->error != 0)
		return;
	if (n > 0)
		memcpy(e->out + e->at, bytes, n);
	e->at += n;
}

static void
put_number(struct editor *e, unsigned number)
{
	const uint8_t bytes[2] = { (uint8_t)(number >> 8), (uint8_t)number };

	put(e, bytes, sizeof(bytes));
}

/* Copies the name at *pos, as a pointer if a name like it is in out. */
static void
put_name(struct editor *e, size_t end, size_t *pos, bool compress)
{
	struct known *known = &e->known[e->nknown];
	size_t at = *pos;
	struct dns_name name;

	if (e->error == 0 && (dns_name_copy(e->msg, end, pos, &name) != 0 ||
	    dns_name_read(e->msg, end, &at, &known->name) != 0))
		e->error = EBADMSG;
	if (e->error != 0)
		return;
	for (const struct known *k = e->known; compress && k < known; k++)
		if (k->name.len == known->name.len && memcmp(k->name.wire, known->name.wire, k->name.len) == 0) {
			put_number(e, 0xc000u | (unsigned)k->at);
			return;
		}
	known->at = e->at;
	/* the last place stays free for the name being read */
	if (compress && e->at <= POINTER_MAX && name.len > 1 && e->nknown + 1 < KNOWN_NAMES)
		e->nknown++;
	put(e, name.wire, name.len);
}

/* Types with names in their data, which may point elsewhere: the bytes before these names, and their number. Only those
 * of RFC 1035 are compressed again. */
static const struct shape { uint8_t type, before, names; } shapes[] = {
	{ 2, 0, 1 }, { 3, 0, 1 }, { 4, 0, 1 }, { 5, 0, 1 }, { 6, 0, 2 }, { 7, 0, 1 }, { 8, 0, 1 }, { 9, 0, 1 },
	{ 12, 0, 1 }, { 14, 0, 2 }, { 15, 2, 1 },       /* NS MD MF CNAME SOA MB MG MR PTR MINFO MX */
	{ 17, 0, 2 }, { 18, 2, 1 }, { 21, 2, 1 }, { 24, 18, 1 }, { 26, 2, 2 }, { 30, 0, 1 }, { 33, 6, 1 },
	{ 36, 2, 1 }, { 39, 0, 1 },                     /* RP AFSDB RT SIG PX NXT SRV KX DNAME */
};

static void
put_data(struct editor *e, const struct dns_record *rr)
{
	const size_t end = rr->data + rr->data_len;
	const struct shape *shape = NULL;
	size_t at = rr->data;

	for (size_t i = 0; i < sizeof(shapes) / sizeof(shapes[0]); i++)
		if (shapes[i].type == rr->type && shapes[i].before <= rr->data_len)
			shape = &shapes[i];
	if (shape != NULL) {
		put(e, e->msg + at, shape->before);
		at += shape->before;
		for (unsigned i = 0; i < shape->names && e->error == 0; i++)
			put_name(e, end, &at, rr->type <= 15);
	}
	if (e->error == 0)
		put(e, e->msg + at, end - at);
}

static void
change(struct editor *e, unsigned type)
{
	e->changed = true;
	e->unsigned_types |= covered(type);
}

/* The bytes of a parameter that stay; 0: the parameter goes, or is empty. */
static size_t
param_rest(const struct editor *e, const struct svcb_param *p, size_t addresses)
{
	const size_t size = p->key == SVCB_IPV4HINT ? 4 : 16;

	if (p->key == SVCB_ECH)
		return e->edit->strip_ech ? 0 : p->len;
	if (p->key != SVCB_IPV4HINT && p->key != SVCB_IPV6HINT)
		return p->len;
	return p->len / size < addresses ? p->len : addresses * size;
}

/* The keys in the parameter "mandatory" without those that go. */
static void
put_mandatory(struct editor *e, const struct svcb_param *mandatory, const bool gone[SVCB_IPV6HINT + 1])
{
	const size_t place = e->at;

	put_number(e, SVCB_MANDATORY);
	put_number(e, 0);
	for (size_t i = 0; i + 2 <= mandatory->len; i += 2)
		if (get16(mandatory->data + i) > SVCB_IPV6HINT || !gone[get16(mandatory->data + i)])
			put(e, mandatory->data + i, 2);
	if (e->error != 0)
		return;
	if (e->at == place + 4)
		e->at = place;
	else
		put16(e->out + place + 2, (unsigned)(e->at - place - 4));
}

static void
put_params(struct editor *e, const struct dns_record *rr, const struct svcb *svcb)
{
	bool gone[SVCB_IPV6HINT + 1] = { false };
	size_t left = e->addresses, rest;
	struct svcb_param p;

	for (size_t at = svcb->params; at < svcb->end;) {
		svcb_param_next(e->msg, &at, &p);
		rest = param_rest(e, &p, left);
		if (p.key <= SVCB_IPV6HINT)
			gone[p.key] = rest == 0 && p.len > 0;
		if (p.key == SVCB_IPV4HINT || p.key == SVCB_IPV6HINT)
			left -= rest / (p.key == SVCB_IPV4HINT ? 4 : 16);
		if (rest < p.len)
			change(e, rr->type);
	}
	for (size_t at = svcb->params; at < svcb->end;) {
		svcb_param_next(e->msg, &at, &p);
		rest = param_rest(e, &p, e->addresses);
		if (p.key == SVCB_MANDATORY) {
			put_mandatory(e, &p, gone);
		} else if (rest > 0 || p.len == 0) {
			put_number(e, p.key);
			put_number(e, (unsigned)rest);
			put(e, p.data, rest);
		}
		if (p.key == SVCB_IPV4HINT || p.key == SVCB_IPV6HINT)
			e->addresses -= rest / (p.key == SVCB_IPV4HINT ? 4 : 16);
	}
}

/* The record goes; also one that is malformed, for no client can use it. */
static bool
is_unwanted(const struct editor *e, const struct dns_record *rr, struct svcb *svcb)
{
	if (rr->type == TYPE_RRSIG && rr->data_len >= 2)
		return (e->unsigned_types & covered(get16(e->msg + rr->data))) != 0;
	if (rr->class != DNS_CLASS_IN)
		return false;
	if (rr->type == DNS_A || rr->type == DNS_AAAA)
		return e->addresses == 0;
	return svcb_is(rr) && (svcb_read(e->msg, e->len, rr, svcb) != 0 || (svcb->target.len > 1 &&
	    e->edit->keep_target != NULL && !e->edit->keep_target(e->edit->arg, &svcb->target)));
}

/* True: the record stays. */
static bool
put_record(struct editor *e, const struct dns_record *rr)
{
	struct svcb svcb;
	size_t at = rr->start, place;

	if (is_unwanted(e, rr, &svcb)) {
		change(e, rr->type);
		return false;
	}
	put_name(e, e->len, &at, true);
	put(e, e->msg + rr->ttl_at - 4, 8);
	place = e->at;
	put_number(e, 0);
	if (svcb_is(rr)) {
		put(e, e->msg + rr->data, svcb.params - rr->data);
		put_params(e, rr, &svcb);
	} else {
		put_data(e, rr);
	}
	if (rr->class == DNS_CLASS_IN && (rr->type == DNS_A || rr->type == DNS_AAAA))
		e->addresses--;
	if (e->error == 0)
		put16(e->out + place, (unsigned)(e->at - place - 2));
	return true;
}

/* Writes the whole message. */
static void
rewrite(struct editor *e, struct dns_answer *a)
{
	size_t pos = dns_records_start(e->msg, e->len), name = DNS_HEADER_LEN;
	struct dns_record rr;
	unsigned kept;

	e->at = e->nknown = 0;
	e->addresses = e->edit->addresses;
	put(e, e->msg, DNS_HEADER_LEN);
	put_name(e, e->len, &name, true);
	put(e, e->msg + name, 4);
	a->opt = 0;
	for (size_t section = ANCOUNT; section <= ARCOUNT && e->error == 0; section += 2) {
		kept = 0;
		for (unsigned n = get16(e->msg + section); n > 0 && e->error == 0; n--) {
			const size_t at = e->at;

			if (dns_record_read(e->msg, e->len, &pos, &rr) != 0)
				e->error = EBADMSG;
			else if (put_record(e, &rr)) {
				kept++;
				a->opt = rr.type == DNS_OPT ? at : a->opt;
			}
		}
		put16(e->out + section, kept);
	}
	put16(e->out + 2, get16(e->out + 2) & ~(unsigned)FLAG_AD);
	a->answers = get16(e->out + ANCOUNT);
	a->end = e->at;
}

int
dns_answer_edit(const uint8_t *msg, size_t len, const struct dns_edit *edit, uint8_t out[DNS_MESSAGE_MAX],
    struct dns_answer *answer)
{
	struct editor e = { .msg = msg, .len = len, .edit = edit, .out = out };
	struct dns_answer a = *answer;

	rewrite(&e, &a);
	if (e.error == 0 && !e.changed)
		return ENOENT;
	/* once more, now that it is known which signatures go */
	if (e.error == 0)
		rewrite(&e, &a);
	if (e.error == 0)
		*answer = a;
	return e.error;
}
