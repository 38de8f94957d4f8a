/*
 * pf_abi_openbsd.h - <net/pfvar.h> of OpenBSD.
 */
#pragma once

#include <net/pfvar.h>

#define PF_ABI_SYSTEM   pf_openbsd
#define PF_ABI_WORKER_DEVICE NULL
#define PF_ABI_RDOMAIN  ((unsigned)getrtable())
#define PF_ABI_ASK_MORE(nl) ((nl)->rdomain = (uint16_t)getrtable())
