/*
 * proxy_kind.h - kinds of proxy, one for each value of "proxy_type".
 *
 * A kind is a file of room proxy that defines its struct proxy_kind, and a row of proxy/kinds.c. Everything else
 * (configuration, worker, control, doctor) asks the row and knows no kind by name.
 *
 * Owner:   constants of the program; safe in every thread.
 */
#pragma once

struct handshake_ops;

struct proxy_kind {
	const char *name;               /* in the configuration, compared without case: "Socks5" */
	bool        carries_udp;        /* the protocol can relay datagrams; not every proxy does */
	/* Pure. Why the text cannot be the username or password of this kind, as the end of a sentence, and the cure:
	 * "cannot be empty; write one". NULL: it can. */
	const char *(*refuse_credential)(const char *text, bool is_username);
	const struct handshake_ops *handshake;  /* proxy/handshake.h */
	bool        by_name;            /* its servers are given names: they need not let DNS over TCP through */
};

/* The rows, in the order in which messages name them; NULL ends them. */
extern const struct proxy_kind *const proxy_kinds[];
