/*
 * control_verbs.h - the verbs of the control socket (pfinterceptctl(8), "PROTOCOL"), for control_new().
 */
#ifndef PFI_CONTROL_VERBS_H
#define PFI_CONTROL_VERBS_H

#include "worker/control/control.h"

/* Ends with a row without a name. */
extern const struct control_verb control_verbs[];

#endif
