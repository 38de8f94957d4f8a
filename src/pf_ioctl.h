/*
 * pf_ioctl.h - the one setting of pf that pfctl(8) cannot change from outside the main ruleset: the skip
 *              flag of an interface ("set skip on lo0"), with which pf sees none of its packets.
 *
 * Source: pf(4), DIOCSETIFFLAG and DIOCCLRIFFLAG. Needs root and a device open for writing.
 */
#ifndef PFI_PF_IOCTL_H
#define PFI_PF_IOCTL_H

#include "pf_system.h"

/* Takes effect at once; a later load of the main ruleset sets the flag as that says. 0 or an errno value. */
int pf_skip_set(const struct pf_env *, const char *interface, bool skip);

#endif
