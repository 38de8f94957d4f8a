/*
 * flow_judge.h - the pure half of the decision about a flow: evidence in, name and verdict out.
 *
 * It has no clock, socket or state, so that the control socket can also ask about a flow that does not exist.
 *
 * The name policy is here and nowhere else. Names decide the rule, addresses decide the path:
 *   1. An address of dns.fake_ip has the name that it was given for, and the proxy gets that name; without one it
 *      leads nowhere.
 *   2. A name in the client's own bytes (SNI, Host, QUIC) decides alone, whatever DNS taught. The proxy gets it if a
 *      rule for names caught the flow, and the name means the same host there (host_is_dialable()). It gets the address
 *      if a rule for addresses, "*" or default_action did, or if the name is meant for another proxy.
 *   3. A name that is a public name of ECH, in a hello with ECH, may hide another one. It only counts as those of 4.
 *   4. Without such a name, each name that DNS has for the address may be the client's, whoever looked it up. The
 *      strictest verdict counts, but a rule for the address itself gives way only to a stricter action. The proxy gets
 *      the address.
 * "send" of a proxy changes what it gets (target.h).
 *
 * Owner:   pointers in the outcome point into the evidence or the configuration.
 */
#pragma once

#include "conf/rule.h"
#include "proxy/target.h"
#include "wire/sniff.h"
#include "worker/name/names.h"

#define QUIC_PORT 443

struct evidence {
	int                   proto;            /* IPPROTO_TCP or IPPROTO_UDP */
	const union addr     *dst;              /* original destination; NULL: not known */
	uint16_t              port;             /* of dst */
	uid_t                 user;             /* owner of the socket, or RULE_USER_UNKNOWN */
	bool                  fake;             /* dst is an address of dns.fake_ip */
	const char           *fake_name;        /* its name; NULL: it has none */
	const struct sniffed *said;             /* the name in the client's bytes; text "": none */
	const struct names   *names;            /* that DNS taught */
};

struct outcome {
	const char       *host;                 /* the name that counts; NULL: none */
	const char       *via;                  /* where it comes from */
	struct verdict    verdict;              /* its action is after intercept.quic */
	enum close_reason reason;               /* CLOSE_DONE: carry the flow; else close it for this reason */
	enum target_name  name;                 /* does a proxy get host, or addr? Made-up addresses: always host */
	union addr        addr;                 /* dst, as IPv4 if it is NAT64's: the prefix means nothing elsewhere */
	bool              insist;               /* also try proxies that had no UDP lately (intercept.quic "proxy") */
};

void flow_judge(const struct conf *, const struct evidence *, struct outcome *);
/* The same with a verdict that is known already. The flow goes to its address, without a name. */
void flow_judge_given(const struct conf *, const struct evidence *, const struct verdict *, struct outcome *);

/* Could a name in the client's bytes change the outcome, or tell who was blocked? */
bool flow_name_matters(const struct conf *, const struct evidence *);
