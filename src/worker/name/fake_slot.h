/*
 * fake_slot.h - the map of fake_ip.h on disk: a file of slots of one size, that of index i at byte i * FAKE_SLOT_SIZE.
 *
 * A slot's checksum goes over its contents, its index, the number of this form and the ranges that the address was
 * given in. A slot that was written in part, or under other ranges, is an unused one. Numbers are in this machine's
 * byte order.
 *
 * Owner:   the descriptor stays the caller's; only pread(2) and pwrite(2) are used.
 * Units:   times are seconds since 1970, whole ones in the file.
 */
#ifndef PFI_FAKE_SLOT_H
#define PFI_FAKE_SLOT_H

#include "base/addr.h"

#define FAKE_SLOT_SIZE 272

/* What the ranges add to each checksum. */
uint64_t fake_slot_seed(const struct network *ranges, size_t nranges);

/* 0 or an errno value; ENOSPC also when only a part was written. */
int fake_slot_write(int fd, uint64_t seed, uint32_t index, const char *host, double used);

/* Calls back for each slot in use below max; host is a valid name. 0 or an errno value. */
typedef void fake_slot_cb(void *arg, uint32_t index, const char *host, double used);
int fake_slots_read(int fd, uint64_t seed, uint32_t max, fake_slot_cb *, void *arg);

#endif
