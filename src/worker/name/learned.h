/*
 * learned.h - mode "matched", worker's side: puts addresses from DNS answers into the firewall's set, before a client
 *             learns them.
 *
 * Addresses of one loop iteration go to the helper in one message. The helper knows the contents of the set.
 *
 * Owner:   the worker.
 * Units:   seconds.
 * Bounds:  LEARNED_WAIT_S for an answer.
 */
#pragma once

#include "conf/conf.h"
#include "process/ipc.h"
#include "worker/name/names.h"
#include "worker/record/worker_env.h"

#define LEARNED_WAIT_S 3.0

struct learned;

struct learned *learned_new(const struct worker_env *);
void learned_free(struct learned *);

/* Call between a change of policy and the load of its rules: gives all names their new rank, and sends the addresses of
 * those that a rule may catch. */
void learned_policy_changed(struct learned *);

/* Asks for addr, which a name that a rule may catch has, to be in the set. 0: mode "all" needs no set. EINPROGRESS:
 * done(arg) follows, at most LEARNED_WAIT_S later, when the firewall has the address or has failed (logged). done may
 * be NULL. */
int  learned_want(struct learned *, const union addr *addr, void (*done)(void *), void *arg);
/* Cancels all calls of done(arg). */
void learned_cancel(struct learned *, void *arg);
