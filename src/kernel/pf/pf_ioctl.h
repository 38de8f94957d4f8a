/*
 * pf_ioctl.h - what is not left to pfctl(8): the one setting that it cannot change from outside the main
 *              ruleset, the skip flag of an interface ("set skip on lo0"), with which pf sees none of its
 *              packets; and addresses of a table, which come and go by the second.
 *
 * Source: pf(4), DIOCSETIFFLAG, DIOCCLRIFFLAG, DIOCRADDADDRS, DIOCRDELADDRS and DIOCRGETADDRS. Needs root and a
 *         device open for writing.
 */
#ifndef PFI_PF_IOCTL_H
#define PFI_PF_IOCTL_H

#include "kernel/pf/pf_system.h"

/* Takes effect at once; a later load of the main ruleset sets the flag as that says. 0 or an errno value. */
int pf_skip_set(const struct pf_env *, const char *interface, bool skip);

/* Adds addresses to a table of the anchor at path, or removes them, in one step. What is there already, or is
 * not, is no error; *changed gets how many it was about. 0; ESRCH: there is no such table; an errno value. */
int pf_table_change(const struct pf_env *, const char *path, const char *table, bool add,
    const struct anchor_learned *, size_t n, size_t *changed);
/* How many addresses it holds. As above; *count is 0 then. */
int pf_table_count(const struct pf_env *, const char *path, const char *table, size_t *count);

#endif
