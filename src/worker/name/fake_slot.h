/*
 * fake_slot.h - the map of fake_ip.h on disk: a file of slots; the slot of index i is at byte i * FAKE_SLOT_SIZE.
 *
 * A slot has a checksum of its contents, its index, the version of this format and the ranges. A slot that was written
 * in part or for other ranges has a wrong checksum and counts as unused. Numbers are in host byte order.
 *
 * Owner:   the descriptor stays the caller's; only pread(2) and pwrite(2) are used.
 * Units:   times are seconds since 1970, whole ones in the file.
 */
#pragma once

#include "base/addr.h"

#define FAKE_SLOT_SIZE 272

/* The start value of checksums for these ranges. */
uint64_t fake_slot_seed(const struct network *ranges, size_t nranges);

/* 0 or an errno value; ENOSPC also after a short write. */
int fake_slot_write(int fd, uint64_t seed, uint32_t index, const char *host, bool flowed, double used);

/* Calls back for each used slot with an index below max. host: a valid name; flowed: it has had a flow. 0 or an errno
 * value. */
typedef void fake_slot_cb(void *arg, uint32_t index, const char *host, bool flowed, double used);
int fake_slots_read(int fd, uint64_t seed, uint32_t max, fake_slot_cb *, void *arg);
