/*
 * hash.h - uthash for tables whose keys come from outside: SipHash-1-3 with a secret seed, so that nobody can choose
 *          keys that collide.
 *
 * Errors:  an addition that finds no memory ends the process; with HASH_NONFATAL_OOM 1, defined before the first
 *          header, it leaves hh.tbl of the element NULL.
 *
 * Threads: hash_seed() comes before all tables and threads.
 * Sources: Aumasson and Bernstein, "SipHash: a fast short-input PRF".
 */
#pragma once

#define HASH_FUNCTION(key, len, hash) ((hash) = hash_bytes((key), (len)))
#define uthash_nonfatal_oom(elt) ((elt)->hh.tbl = NULL)
#include <uthash.h>

#define HASH_SEED_SIZE 16

void hash_seed(const uint8_t seed[HASH_SEED_SIZE]);
unsigned hash_bytes(const void *bytes, size_t len);
