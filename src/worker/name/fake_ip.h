/*
 * fake_ip.h - dns.fake_ip: made-up addresses for names that only the proxy may look up.
 *
 * A name has one index, and with it one address in each range. When all are in use, the least recently used name loses
 * its index: of those that never had a flow, so that look-ups alone push out no name in use, else of the others; but
 * never while a flow uses its address, or within FAKE_IP_TTL_S + FAKE_IP_UNUSED_S, for the others FAKE_IP_GRACE_S,
 * after the last use. So an address leads to the name that it was given for, or nowhere.
 *
 * The map is saved in a file (fake_slot.h) and outlives the worker. After an error the file is emptied and no longer
 * used, because no name is better than an old one.
 *
 * Owner:   the worker makes one with fake_ip_new() and frees it, after all flows, with fake_ip_free().
 * Units:   times are seconds on the loop's clock, passed in.
 * Errors:  int functions give 0 or an errno value.
 * Bounds:  FAKE_IP_NAMES names, or as many as the smaller range has addresses.
 */
#pragma once

#include "base/addr.h"

#define FAKE_IP_NAMES   65534
#define FAKE_IP_TTL_S   10      /* TTL of answers */
#define FAKE_IP_AUTO_TTL_S 1    /* ... with dns.fake_ip "auto" */
#define FAKE_IP_GRACE_S 600     /* programs may connect some time after the TTL */
#define FAKE_IP_UNUSED_S 50     /* ... those that never have connected yet */

struct fake_ip;
struct fake_name;               /* a flow's hold on a name */

/* Has no range and no file at first. NULL: no memory. */
struct fake_ip *fake_ip_new(void);
void fake_ip_free(struct fake_ip *);

/* Sets the file of the map; takes fd over. It is read when the ranges change next. */
void fake_ip_set_file(struct fake_ip *, int fd);
/* Sets the ranges, at most one of each family. If they differ from those before, all names are forgotten, and the names
 * saved for these ranges are read. 0; ENOMEM: there are no ranges then. */
int  fake_ip_set_ranges(struct fake_ip *, const struct network *, size_t n, double now);

/* Is the address in one of the ranges, so that no host has it? */
bool fake_ip_covers(const struct fake_ip *, const union addr *);

/* The address of a name (lower case, host_is_valid(), no final dot). ENOENT: no range of this family; ENOSPC: all
 * addresses are in use (logged); ENOMEM. */
int  fake_ip_assign(struct fake_ip *, const char *host, int family, double now, union addr *out);

/* The name of an address; NULL: it has none. Borrowed until the next fake_ip_assign() or fake_ip_set_ranges(). */
const char *fake_ip_lookup(const struct fake_ip *, const union addr *);

/* A flow to this address begins: the name keeps the address until fake_ip_leave(). NULL: the address has no name. */
struct fake_name *fake_ip_enter(struct fake_ip *, const union addr *, double now);
void fake_ip_leave(struct fake_ip *, struct fake_name *, double now);
const char *fake_name_host(const struct fake_name *);
/* Has fake_ip_set_ranges() forgotten the name since? */
bool fake_name_is_stale(const struct fake_name *);

/* Logs, at a limited rate, that a flow to an address without a name was refused. */
void fake_ip_warn_stale(struct fake_ip *, const union addr *client, const union addr *dst, double now);
