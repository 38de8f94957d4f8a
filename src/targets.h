/*
 * targets.h - mode "matched", worker's side: addresses that matching names have led to must be in the firewall's
 *             set before a client hears of them.
 *
 * What the firewall has been told is remembered, so that asking again costs nothing; what is asked for in one
 * round of the loop goes to the helper together.
 *
 * Owner:   the worker. names are borrowed.
 * Units:   times are seconds on the loop's clock.
 * Bounds:  limits.names addresses remembered, the oldest goes first; TARGETS_WAIT_S for an answer.
 */
#ifndef PFI_TARGETS_H
#define PFI_TARGETS_H

#include "conf.h"
#include "ipc.h"
#include "names.h"

#define TARGETS_WAIT_S  3.0
/* One that is wanted again so little longer than the firewall keeps it is left at that. Less than
 * DNS_NAME_GRACE_S, by which it is kept longer than the answer says. */
#define TARGETS_SLACK_S 150.0

struct targets;

struct targets *targets_new(struct ev_loop *, struct ipc *);
void targets_free(struct targets *);

/* A configuration comes into force, its rules are not loaded yet: the firewall is asked again for
 * what known names that may match have led to. */
void targets_set_conf(struct targets *, const struct conf *, const struct names *);

/* Addresses that a name with rule_may_catch() has led to; wanted until expires. 0: the firewall has them all
 * already, or mode is "all": go on; EINPROGRESS: done(arg) is called when it has (or, logged, could not take
 * them), at most TARGETS_WAIT_S later. done may be NULL. */
int  targets_want(struct targets *, const union addr *, size_t n, double expires, void (*done)(void *), void *arg);
/* done is not called for arg any more. */
void targets_cancel(struct targets *, void *arg);

#endif
