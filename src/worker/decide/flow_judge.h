/*
 * flow_judge.h - the pure half of the decision about a flow: evidence in, name and verdict out.
 *
 * It has no clock, socket or state, so that the control socket can also ask about a flow that does not exist.
 *
 * The name policy is here and nowhere else:
 *   1. An address of dns.fake_ip has the name that it was given for, or leads nowhere.
 *   2. A name in the client's own bytes (SNI, Host, QUIC) wins over the one that DNS taught.
 *   3. An outer name (tls_hello.h) wins only if a DNS answer had it for this address, or if DNS has no name.
 *
 * Owner:   pointers in the outcome point into the evidence or the configuration.
 */
#ifndef PFI_FLOW_JUDGE_H
#define PFI_FLOW_JUDGE_H

#include "conf/rule.h"
#include "wire/sniff.h"

#define QUIC_PORT 443

struct evidence {
	int                   proto;            /* IPPROTO_TCP or IPPROTO_UDP */
	const union addr     *dst;              /* original destination */
	uid_t                 user;             /* owner of the socket, or RULE_USER_UNKNOWN */
	bool                  fake;             /* dst is an address of dns.fake_ip */
	const char           *dns;              /* the name that DNS or dns.fake_ip has for dst; NULL: none */
	const struct sniffed *said;             /* the name in the client's bytes; NULL or text "": none */
	bool                  said_in_dns;      /* said may be an outer name, and a DNS answer had it for dst */
};

struct outcome {
	const char       *host;                 /* the name that counts; NULL: none */
	const char       *via;                  /* where it comes from */
	struct verdict    verdict;              /* its action is after intercept.quic */
	enum close_reason reason;               /* CLOSE_DONE: carry the flow; else close it for this reason */
	bool              by_name;              /* a proxy gets host; else it gets dst */
	bool              insist;               /* also try proxies that had no UDP lately (intercept.quic "proxy") */
};

void flow_judge(const struct conf *, const struct evidence *, struct outcome *);

/* Do DNS and the client name different hosts? Or does only the client name one, which may be an outer name? */
bool flow_names_disagree(const struct evidence *);

#endif
