/*
 * fake_ip.h - dns.fake_ip: addresses for names that nothing may be asked about outside the proxy.
 *
 * A name has one index, and by it one address in each range, for as long as it is used now and then. When all are
 * taken, the name that was used least recently gives its index up: not while a flow goes to its address, and not
 * within FAKE_IP_TTL_S + FAKE_IP_GRACE_S. So an address leads to the name it was given for, or nowhere.
 *
 * Kept in a file (fake_slot.h), so that it outlives the worker. A file that fails is emptied and left: better
 * no name than an old one.
 *
 * Owner:   the worker makes one with fake_ip_new() and frees it, after all flows, with fake_ip_free().
 * Units:   times are seconds on the loop's clock, passed in.
 * Errors:  int functions give 0 or an errno value.
 * Bounds:  FAKE_IP_NAMES names, or as many as the smaller range has addresses.
 */
#ifndef PFI_FAKE_IP_H
#define PFI_FAKE_IP_H

#include "base/addr.h"

#define FAKE_IP_NAMES   65534
#define FAKE_IP_TTL_S   10      /* of answers */
#define FAKE_IP_GRACE_S 600     /* programs connect a while after that, too */

struct fake_ip;
struct fake_name;               /* a flow's hold on a name */

/* Without ranges and file: covers nothing. NULL: no memory. */
struct fake_ip *fake_ip_new(void);
void fake_ip_free(struct fake_ip *);

/* The file to keep the map in; fd is taken over. Read with the next new ranges. */
void fake_ip_set_file(struct fake_ip *, int fd);
/* At most one of each family. Others than before: every name is forgotten, and those that the file
 * has for these ranges are known again. 0 or ENOMEM: then there are none. */
int  fake_ip_set_ranges(struct fake_ip *, const struct network *, size_t n, double now);

/* Is it in one of the ranges, and so nowhere in the world? */
bool fake_ip_covers(const struct fake_ip *, const union addr *);

/* The address of this name (lower case, host_is_valid(), no final dot). ENOENT: no range of this family; ENOSPC: all are
 * in use (logged); ENOMEM. */
int  fake_ip_assign(struct fake_ip *, const char *host, int family, double now, union addr *out);

/* NULL: the address belongs to no name. Borrowed: valid until the next fake_ip_assign() or fake_ip_set_ranges(). */
const char *fake_ip_lookup(const struct fake_ip *, const union addr *);

/* A flow goes to this address: it stays its name's until fake_ip_leave(). NULL: the address belongs to no name. */
struct fake_name *fake_ip_enter(struct fake_ip *, const union addr *, double now);
void fake_ip_leave(struct fake_ip *, struct fake_name *, double now);
const char *fake_name_host(const struct fake_name *);
/* Forgotten since by fake_ip_set_ranges(). */
bool fake_name_is_stale(const struct fake_name *);

/* A line for the log, now and then: a flow to dst was refused. */
void fake_ip_warn_stale(struct fake_ip *, const union addr *client, const union addr *dst, double now);

#endif
