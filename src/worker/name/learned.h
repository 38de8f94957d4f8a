/*
 * learned.h - mode "matched", worker's side: addresses that matching names have led to must be in the firewall's
 *             set before a client hears of them.
 *
 * The helper knows what the firewall has; what is asked for in one round of the loop goes there together.
 *
 * Owner:   the worker. names are borrowed.
 * Units:   times are seconds on the loop's clock.
 * Bounds:  LEARNED_WAIT_S for an answer.
 */
#ifndef PFI_LEARNED_H
#define PFI_LEARNED_H

#include "conf/conf.h"
#include "process/ipc.h"
#include "worker/name/names.h"
#include "worker/record/worker_env.h"

#define LEARNED_WAIT_S 3.0

struct learned;

struct learned *learned_new(const struct worker_env *);
void learned_free(struct learned *);

/* A policy is in force, its rules are not loaded yet: sends the firewall again the addresses that known names have led
 * to, where a rule may catch the name. */
void learned_policy_changed(struct learned *);

/* A name with rule_may_catch() has led to addr; wanted until expires. 0: mode is "all": go on; EINPROGRESS: done(arg) is
 * called when the firewall has it (or, logged, could not take it), at most LEARNED_WAIT_S later. done may be NULL. */
int  learned_want(struct learned *, const union addr *addr, double expires, void (*done)(void *), void *arg);
/* done is not called for arg any more. */
void learned_cancel(struct learned *, void *arg);

#endif
