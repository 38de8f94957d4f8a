/*
 * anchor_native.h - the backend that this build has; anchor_pf.c or anchor_nft.c defines both.
 */
#ifndef PFI_ANCHOR_NATIVE_H
#define PFI_ANCHOR_NATIVE_H

#include "anchor.h"

extern const struct anchor_ops *const anchor_native;
extern const enum conf_firewall anchor_native_kind;     /* FIREWALL_PF or FIREWALL_NETFILTER */

#endif
