/*
 * doctor_pf.h - the firewall link of "doctor" on systems with pf.
 */
#ifndef PFI_DOCTOR_PF_H
#define PFI_DOCTOR_PF_H

#include "doctor.h"
#include "pf_system.h"

/* doctor_firewall() for this environment. */
void doctor_pf(struct doctor *, const struct pf_env *);

#endif
