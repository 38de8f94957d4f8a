#include "config.h"

#include "worker/dns/dns_case.h"

/* The entry of this server, or of none that is known any more. */
static struct dns_case_server *
case_find(struct dns_cases *c, const union addr *server, double now)
{
	struct dns_case_server *oldest = &c->list[0];

	for (size_t i = 0; i < DNS_CASE_SERVERS; i++) {
		if (addr_equal(&c->list[i].server, server) && now < c->list[i].until)
			return &c->list[i];
		if (c->list[i].until < oldest->until)
			oldest = &c->list[i];
	}
	*oldest = (struct dns_case_server){ .server = *server, .until = now + DNS_CASE_S };
	return oldest;
}

enum dns_case
dns_case_of(const struct dns_cases *c, const union addr *server, double now)
{
	for (size_t i = 0; i < DNS_CASE_SERVERS; i++)
		if (addr_equal(&c->list[i].server, server) && now < c->list[i].until)
			return c->list[i].is;
	return DNS_CASE_UNKNOWN;
}

void
dns_case_kept(struct dns_cases *c, const union addr *server, double now)
{
	struct dns_case_server *s = case_find(c, server, now);

	if (s->is == DNS_CASE_UNKNOWN)
		s->is = DNS_CASE_KEPT;
}

enum dns_case
dns_case_strike(struct dns_cases *c, const union addr *server, double now)
{
	struct dns_case_server *s = case_find(c, server, now);

	if (++s->strikes >= DNS_CASE_STRIKES)
		s->is = DNS_CASE_LOST;
	return s->is;
}

void
dns_case_lost(struct dns_cases *c, const union addr *server, double now)
{
	case_find(c, server, now)->is = DNS_CASE_LOST;
}
