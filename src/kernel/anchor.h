/*
 * anchor.h - the privileged side of the firewall: renders the rules that send traffic to the daemon, and loads and
 *            removes them. The helper, the guard and pfinterceptctl use it; none of them can tell which firewall it is.
 *
 * Rendering is pure; loading replaces all rules of the anchor in one transaction. The build chooses the backend:
 * kernel/pf (pfctl(8) and pf(4)) or kernel/nft (libnftables). firewall "none" has no rules, and every call succeeds.
 *
 * Owner:   anchor_open() allocates, anchor_close() frees; neither touches the firewall.
 * Errors:  0 or an errno value, logged with its cure unless the function says otherwise.
 * Threads: one thread at a time for each anchor.
 */
#pragma once

#include "kernel/anchor_input.h"

struct anchor;

/* The name of the build's backend: "pfctl" or "nft". */
const char *anchor_native_name(void);
/* Does it intercept DNS to link-local resolvers? */
bool anchor_native_linklocal(void);

/* ENOTSUP, not logged: this system does not have the firewall of the spec. ENOMEM. */
int  anchor_open(struct anchor **, const struct anchor_spec *);
void anchor_close(struct anchor *);

/* The spec by which another process can open this anchor as it is now, in order to load, forget or remove it. */
void anchor_describe(const struct anchor *, struct anchor_spec *);

/* Before the first load: checks that the firewall is there and evaluates the anchor, and changes what the daemon may
 * change (turns pf on, for example). anchor_describe() gives those changes, anchor_remove() reverts them. */
int  anchor_prepare(struct anchor *, const struct conf *);

/* The read-only form of anchor_prepare(), so that anchor_text() gives the same rules. Silent: a state that
 * cannot be read (without root, for example) is taken to be the usual one. */
void anchor_survey(struct anchor *);

/* The rules as text, malloc'd; empty, or an empty line, if there are none. NULL: no memory, or the configuration has
 * a value that the dialect cannot express (logged). */
char *anchor_text(const struct anchor *, const struct anchor_input *);

/* Replaces all rules of the anchor. keep: the rules stay in force when this process ends (on_failure "closed"). */
int  anchor_load(struct anchor *, const char *text, bool keep);

/* Removes the rules, the states of intercepted flows, and what anchor_prepare() changed. Does not stop at an error. */
int  anchor_remove(struct anchor *);

/* Drops the states of intercepted flows, so that they start anew by the rules that are loaded now. For the moment when
 * no listener serves them any more. */
void anchor_forget(struct anchor *);

/* Checks that the last load is still in force, and repairs what anchor_prepare() set up. ESTALE: load it again. */
int  anchor_verify(struct anchor *);

/* anchor_verify() waits for another program: fork, and ask anchor_healthy() in the child first. */
bool anchor_verify_waits(const struct anchor *);

/* The read-only form of anchor_verify(): would it find everything in order? Silent. */
bool anchor_healthy(struct anchor *);

/* Adds up to ANCHOR_LEARN_MAX learned addresses to the set that rules of mode "matched" look at, or removes them. One
 * transaction: on an error the set has not changed. Adding an address that is there, or removing one that is not,
 * succeeds. Later loads of such rules keep the set. Not logged; ESRCH or EINVAL: the loaded rules have no set. */
int  anchor_learn(struct anchor *, bool add, const union addr *, size_t n);

/* The TCP and UDP flows that the loaded rules have left alone since they were loaded, because none sends them to the
 * daemon; without what is never intercepted. Not logged. *flows is 0 where the firewall cannot count. */
int  anchor_count(struct anchor *, uint64_t *flows);
