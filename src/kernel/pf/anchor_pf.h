/*
 * anchor_pf.h - the pf backend of anchor.h: everything through pfctl(8), only in our own anchor.
 *
 * The main ruleset is never loaded. What has to be changed outside the anchor - pf enabled, lo0 skipped - is
 * noted in struct anchor_restore and on disk, and put back by remove().
 *
 * load(), remove() and forget() need the name, restore and place of struct anchor and nothing else, so
 * that the guard process can call them. data is NULL, or a test's struct pf_env (borrowed).
 */
#ifndef PFI_ANCHOR_PF_H
#define PFI_ANCHOR_PF_H

#include "kernel/anchor.h"
#include "kernel/pf/pf_system.h"

/* render() is that of the system that this was built for. */
extern const struct anchor_ops anchor_pf_ops;

/* The number in "Token : 1234" of pfctl -E; 0: none. */
uint64_t anchor_pf_token(const char *output);

#endif
