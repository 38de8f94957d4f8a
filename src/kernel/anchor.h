/*
 * anchor.h - the helper's side of the firewall: makes the rules that send traffic to us, as text,
 *            and loads that text atomically.
 *
 * Rendering is pure; loading is the only part that touches the system. One backend a system
 * (anchor_pf: pfctl(8); anchor_nft: libnftables), chosen by the build.
 *
 * Owner:   struct anchor belongs to the helper. Text is the caller's.
 * Errors:  0 or an errno value; the reason is logged where it happens, with the cure.
 */
#ifndef PFI_ANCHOR_H
#define PFI_ANCHOR_H

#include <stdio.h>

#include "base/network_set.h"
#include "conf/conf.h"

enum anchor_state {
	ANCHOR_EMPTY,           /* nothing is intercepted */
	ANCHOR_REDIRECT,        /* traffic comes to the listeners */
	ANCHOR_BLOCK            /* on_failure "closed": what would come to us is refused */
};

struct anchor_input {
	const struct conf *conf;
	uid_t              uid;                 /* the worker's: its own traffic is left alone */
	const union addr  *listeners;           /* TCP listeners that exist: a family without one */
	size_t             nlisteners;          /*   is not intercepted */
	const union addr  *proxies;             /* addresses of the proxies, with port */
	size_t             nproxies;
	const struct network *own;              /* this host's own addresses (pf; nft asks the kernel) */
	size_t             nown;
	enum anchor_state  state;
	struct anchor_place {           /* pf: found by prepare(), put here by anchor_text() */
		bool     nat;           /* the main ruleset evaluates our nat rules, and they do good */
		bool     filtered;      /* rules before ours block what arrives: pass nothing in */
		char     unskipped[16]; /* "lo0", where we took "set skip" away: still passed whole; or "" */
		unsigned rdomain;       /* OpenBSD: the routing domain that the daemon is in */
	} place;
};

/* An address that a name has led to (mode "matched"). */
struct anchor_target {
	union addr addr;
	uint32_t   seconds;             /* to keep it, where the kernel forgets by itself */
};

#define ANCHOR_LEARN_MAX 2048   /* at once */
#define ANCHOR_TABLES    4      /* of pf */

struct anchor;

struct anchor_ops {
	const char *name;       /* "pfctl", "nft", "none" */

	/* Writes the text to out. Pure: the same input gives the same text. */
	int (*render)(FILE *out, const struct anchor_input *);

	/* Before the first load: is the firewall there, enabled, is our anchor reached by the main
	 * ruleset? Mends what is ours to mend and remembers how to restore it. 0 or errno, logged. */
	int (*prepare)(struct anchor *, const struct conf *);

	/* Replaces whatever our anchor holds by text, in one transaction. */
	int (*load)(struct anchor *, const char *text);

	/* Removes everything that prepare() and load() made, states of intercepted flows too, and
	 * frees data. */
	int (*remove)(struct anchor *);

	/* Nobody serves the intercepted flows any more: drops what the kernel remembers of them, so that
	 * they start anew by the rules now loaded. NULL: nothing is remembered. */
	void (*forget)(struct anchor *);

	/* Would verify() find all as it should be? Changes nothing and logs nothing; asked in a process of its own,
	 * because it may take long. NULL: verify() is quick. */
	bool (*healthy)(struct anchor *);

	/* Is what load() put there still in force? Mends what prepare() would mend. 0; ESTALE: load it again.
	 * NULL: nothing else can change it. */
	int (*verify)(struct anchor *);

	/* Puts up to ANCHOR_LEARN_MAX learned addresses into the set that load()'s rules of mode "matched" look at, or takes them out;
	 * in one transaction. What is there already, or is not, is no error. Later loads of such rules leave
	 * the set as it is. 0 or an errno value, not logged: there may be no such set. NULL: there never is. */
	int (*learn)(struct anchor *, bool add, const struct anchor_target *, size_t n);
};

/* What prepare() changed outside our own anchor and remove() puts back. Plain bytes: the guard gets a
 * copy over a pipe. All zero: nothing. */
struct anchor_restore {
	uint32_t enabled;               /* the firewall was off and we turned it on */
	uint32_t skip_cleared;          /* "set skip on lo0" was taken away */
	uint64_t token;                 /* macOS: our reference to the enabled pf; 0: none */
	char     path[2 * CONF_ANCHOR_MAX + 2];  /* the anchor's real path, where it is not its name */
};

/* The backend that this build has: anchor_pf.c or anchor_nft.c. */
extern const struct anchor_ops *const anchor_native;
extern const enum conf_firewall anchor_native_kind;     /* FIREWALL_PF or FIREWALL_NETFILTER */

struct anchor {
	struct anchor_restore restore;
	struct anchor_place place;
	const struct anchor_ops *ops;
	char  name[CONF_ANCHOR_MAX + 1];
	bool  lost;             /* verify(): the main ruleset no longer evaluates our rules (logged) */
	bool  matched;          /* mode "matched": the rules have sets of destinations */
	bool  sticky;           /* keep the rules when this process dies (on_failure "closed") */
	size_t held[ANCHOR_TABLES];     /* pf: addresses in each of our tables at the last look */
	void *data;             /* the backend's own */
};

/* What is never intercepted: networks that nobody routes, own, exclude, proxies. And what mode "matched" takes from the
 * patterns of rules that are not "direct", and dns.fake_ip. 0 or ENOMEM; the set is closed. */
int anchor_skip(const struct anchor_input *, struct network_set *);
int anchor_targets(const struct conf *, struct network_set *);

/* The backend that conf asks for on this system. sticky: see above. 0; ENOTSUP: this system has no
 * such firewall; ENOMEM. */
int  anchor_open(struct anchor *, const struct conf *, bool sticky);
/* render() into a malloc'd string. NULL: no memory. */
char *anchor_text(const struct anchor *, const struct anchor_input *);

#endif
