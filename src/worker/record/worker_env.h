/*
 * worker_env.h - what every module of the worker works with: the loop, the parts that they share, and the state of the
 *                daemon as of now.
 *
 * A module keeps the pointer and reads policy and paused where it needs them, so that no copy is ever out of date. Work
 * to be done when the policy changes has a function of its own in each module (..._policy_changed()), called by the
 * worker after the change.
 *
 * Owner:   the worker, which makes it first and changes it; members outlive the modules. Tests fill in what the module
 *          under test uses.
 */
#pragma once

struct worker_env {
	struct ev_loop            *loop;
	struct ipc                *ipc;         /* to the helper */
	struct firewall           *firewall;
	struct account            *account;
	struct names              *names;
	struct fake_ip            *fake_ip;
	struct learned            *learned;
	struct host_finder        *finder;      /* NULL: none */
	const struct upstream_env *upstream;
	struct policy             *policy;      /* in force; NULL before the first. To keep it, take policy_ref() */
	bool                       paused;      /* the firewall intercepts nothing at the moment */
};
