/*
 * targets.h - mode "matched", worker's side: addresses that matching names have led to must be in the firewall's
 *             set before a client hears of them.
 *
 * The helper knows what the firewall has; what is asked for in one round of the loop goes there together.
 *
 * Owner:   the worker. names are borrowed.
 * Units:   times are seconds on the loop's clock.
 * Bounds:  TARGETS_WAIT_S for an answer.
 */
#ifndef PFI_TARGETS_H
#define PFI_TARGETS_H

#include "conf/conf.h"
#include "process/ipc.h"
#include "worker/name/names.h"

#define TARGETS_WAIT_S 3.0

struct targets;

struct targets *targets_new(struct ev_loop *, struct ipc *);
void targets_free(struct targets *);

/* A configuration comes into force, its rules are not loaded yet: the firewall is asked again for
 * what known names that may match have led to. */
void targets_set_conf(struct targets *, const struct conf *, const struct names *);

/* A name with rule_may_catch() has led to addr; wanted until expires. 0: mode is "all": go on; EINPROGRESS: done(arg) is
 * called when the firewall has it (or, logged, could not take it), at most TARGETS_WAIT_S later. done may be NULL. */
int  targets_want(struct targets *, const union addr *addr, double expires, void (*done)(void *), void *arg);
/* done is not called for arg any more. */
void targets_cancel(struct targets *, void *arg);

#endif
