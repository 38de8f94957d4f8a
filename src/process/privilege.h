/*
 * privilege.h - drops privileges that the worker and the monitor do not need.
 *
 * Errors:  fatal() where a privilege would stay; the rest is logged.
 */
#pragma once

#include <sys/types.h>

/* Makes PFI_CHROOT_DIR the root directory and becomes uid:gid for good, without other groups.
 * fatal() when any step fails, or when the directory is not root's own and empty. */
void privilege_drop(uid_t uid, gid_t gid);

/* Turns core files off: they would hold passwords. */
void privilege_no_core(void);

/* Raises the soft (and, for root, the hard) limit of descriptors to n, or as near as the system allows. */
void privilege_descriptors(unsigned long n);
