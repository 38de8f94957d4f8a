/*
 * name_cache.h - empties the caches of names that the system keeps, so that no program gets an address from them that
 *                has no meaning any more. Where there is no such cache, or its program is missing, nothing happens.
 *
 * name_cache_linux.c (systemd-resolved), name_cache_darwin.c (Directory Service, mDNSResponder) or name_cache_none.c;
 * the build chooses one.
 */
#pragma once

/* Waits for the programs that do it. */
void name_cache_flush(void);
