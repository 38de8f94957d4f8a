/*
 * pf_ioctl.h - the two jobs that are done by ioctl(2) instead of pfctl(8): the skip flag of an interface ("set skip on
 *              lo0", pf sees none of its packets), which pfctl changes only by loading the main ruleset; and the
 *              addresses of a table, which change too often for a command.
 *
 * Sources: pf(4), DIOCSETIFFLAG, DIOCCLRIFFLAG, DIOCRADDADDRS, DIOCRDELADDRS and DIOCRGETADDRS; all need root.
 * Errors:  0 or an errno value, not logged.
 */
#pragma once

#include "kernel/pf/pf_system.h"

/* Sets or clears the skip flag, until the next load of the main ruleset. */
int pf_skip_set(const struct pf_env *, const char *interface, bool skip);

/* Adds addresses to a table of the anchor at path, or removes them, in one step. Adding an address that is there, or
 * removing one that is not, succeeds. *changed: the number of addresses added or removed. ESRCH: no such table. */
int pf_table_change(const struct pf_env *, const char *path, const char *table, bool add,
    const union addr *, size_t n, size_t *changed);
/* *count: the number of addresses in the table; 0 on an error. ESRCH: no such table. */
int pf_table_count(const struct pf_env *, const char *path, const char *table, size_t *count);
