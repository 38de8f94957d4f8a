/*
 * flow_name.h - by which name a flow goes, and where that name came from.
 *
 * A DNS answer that passed through us comes first; the name that the client asked for last, where several led to the
 * address. What the client says itself (SNI, Host) is looked at where DNS does not know, or knows several, and then
 * it wins: except an outer name (see tls_hello.h) that no DNS answer had for this address, where DNS has another.
 *
 * The name's text is kept in host, the caller's, and record->host points there, or is NULL.
 */
#ifndef PFI_FLOW_NAME_H
#define PFI_FLOW_NAME_H

#include "wire/sniff.h"
#include "worker/name/names.h"
#include "worker/record/account.h"

/* Needs record->peer and record->dst. True: that is all; false: what the client says is worth to wait for. */
bool flow_name_ask(struct names *, struct flow_record *, char host[HOST_MAX + 1], double now);

/* What the client has said; "" when nothing. Names that disagree are logged at debug level, where log.hosts is "full". */
void flow_name_heard(struct names *, const struct conf *, struct flow_record *, char host[HOST_MAX + 1],
    const struct sniffed *);

#endif
