/*
 * proxy_way.h - what was learned by trying: can this resolver be asked through this proxy?
 *
 * A way that failed is tried again after PROXY_WAY_RETRY_S.
 *
 * Owner:   the state is part of struct proxy (policy.h).
 * Units:   times are seconds on the loop's clock, passed in.
 * Bounds:  PROXY_WAYS resolvers for each proxy; the least recently used one goes first.
 */
#pragma once

#include "worker/upstream/policy.h"

#define PROXY_WAY_RETRY_S     60.0
#define PROXY_WAY_SILENT      3
#define PROXY_WAY_PATIENCE_S  0.15      /* for the resolver, beyond the time for the proxy */
#define PROXY_WAY_ROUNDS      6         /* round trips: connect, three of the handshake, query, one to spare */
#define PROXY_WAY_PROVEN_S    1.0       /* more patience where answers have come before */
#define PROXY_WAY_UNKNOWN_S   1.0       /* all patience while the proxy's round trip is not known */

/* What is known of this way; NAME_UNTRIED: nothing. *retry: it has failed, but is to be tried again now; asked once,
 * because the caller is taken to do it. */
enum name_way proxy_way_look(struct proxy *, const union addr *server, double now, bool *retry);

/* How names of this proxy get their addresses, as far as is known: for the resolver that was asked last. */
enum name_way proxy_way_known(const struct policy *, const struct proxy *);

/* Notes the outcome of a try; logs a change. way: NAME_LOOKED_UP, NAME_REFUSED, NAME_DENIED or NAME_SILENT. Returns
 * what holds now: where answers have come, a refusal says nothing, nor does silence before the PROXY_WAY_SILENT-th. */
enum name_way proxy_way_note(struct proxy *, const union addr *server, enum name_way way, double now);

/* The seconds after which an answer through the proxy is no longer awaited, from the question on. */
double proxy_way_patience(const struct proxy *, enum name_way way);
