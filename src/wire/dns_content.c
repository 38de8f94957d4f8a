#include "config.h"

#include "wire/dns_content.h"

#include "wire/dns_svcb.h"

enum { TYPE_CNAME = 5, TYPE_DNAME = 39 };

/* A walk over the records of a parsed answer. */
struct walk {
	const uint8_t    *msg;
	size_t            len, pos, left;
	struct dns_record rr;
};

/* additional: also the sections behind the answer section. */
static struct walk
walk_begin(const uint8_t *msg, size_t len, bool additional)
{
	return (struct walk){ .msg = msg, .len = len, .pos = dns_records_start(msg, len),
		.left = additional ? dns_record_count(msg) : get16(msg + ANCOUNT) };
}

static bool
walk_next(struct walk *w)
{
	if (w->left == 0 || dns_record_read(w->msg, w->len, &w->pos, &w->rr) != 0)
		return false;
	w->left--;
	return true;
}

static void
hint(const struct svcb_param *p, uint32_t ttl, dns_address_cb *cb, void *arg)
{
	const int family = p->key == SVCB_IPV4HINT ? AF_INET : AF_INET6;
	const size_t size = family == AF_INET ? 4 : 16;
	union addr addr;

	if (p->key != SVCB_IPV4HINT && p->key != SVCB_IPV6HINT)
		return;
	for (size_t at = 0; p->len - at >= size; at += size) {
		addr_from_bytes(&addr, family, p->data + at, 0);
		cb(arg, &addr, ttl);
	}
}

static void
record_addresses(const struct walk *w, dns_address_cb *cb, void *arg)
{
	const struct dns_record *rr = &w->rr;
	struct svcb_param param;
	struct svcb svcb;
	union addr addr;

	if (rr->class == DNS_CLASS_IN &&
	    ((rr->type == DNS_A && rr->data_len == 4) || (rr->type == DNS_AAAA && rr->data_len == 16))) {
		addr_from_bytes(&addr, rr->type == DNS_A ? AF_INET : AF_INET6, w->msg + rr->data, 0);
		cb(arg, &addr, rr->ttl);
	} else if (svcb_is(rr) && svcb_read(w->msg, w->len, rr, &svcb) == 0) {
		while (svcb.params < svcb.end) {
			svcb_param_next(w->msg, &svcb.params, &param);
			hint(&param, rr->ttl, cb, arg);
		}
	}
}

void
dns_answer_addresses(const uint8_t *msg, size_t len, dns_address_cb *cb, void *arg)
{
	const size_t start = dns_records_start(msg, len);
	const unsigned type = get16(msg + start - 4);
	struct walk w = walk_begin(msg, len, type == DNS_HTTPS || type == DNS_SVCB);

	while (walk_next(&w))
		record_addresses(&w, cb, arg);
}

void
dns_answer_aliases(const uint8_t *msg, size_t len, dns_alias_cb *cb, void *arg)
{
	struct walk w = walk_begin(msg, len, false);
	struct dns_name name;
	struct svcb svcb;
	size_t at;

	while (walk_next(&w)) {
		if (w.rr.class != DNS_CLASS_IN)
			continue;
		at = w.rr.start;
		if (dns_name_read(msg, len, &at, &name) == 0)
			cb(arg, &name);
		at = w.rr.data;
		if ((w.rr.type == TYPE_CNAME || w.rr.type == TYPE_DNAME) &&
		    dns_name_read(msg, w.rr.data + w.rr.data_len, &at, &name) == 0)
			cb(arg, &name);
		if (svcb_is(&w.rr) && svcb_read(msg, len, &w.rr, &svcb) == 0 && svcb.target.len > 1)
			cb(arg, &svcb.target);
	}
}

void
dns_answer_outer_names(const uint8_t *msg, size_t len, dns_outer_cb *cb, void *arg)
{
	struct walk w = walk_begin(msg, len, true);
	struct svcb_param param;
	struct svcb svcb;

	while (walk_next(&w))
		if (svcb_is(&w.rr) && svcb_read(msg, len, &w.rr, &svcb) == 0)
			while (svcb.params < svcb.end) {
				svcb_param_next(msg, &svcb.params, &param);
				if (param.key == SVCB_ECH)
					ech_public_names(param.data, param.len, cb, arg);
			}
}
