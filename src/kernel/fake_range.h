/*
 * fake_range.h - the networks of dns.fake_ip "auto": of a few that no host on the internet has, those that this host
 *                has no route to and no address in, and that the configuration does not name.
 *
 * A choice is saved, and stays while it is clear, so that names keep their addresses.
 *
 * Sources: RFC 2544 (198.18.0.0/15), RFC 1918, RFC 1112 section 4 (240.0.0.0/4), RFC 4193.
 */
#pragma once

#include "conf/conf.h"

#define FAKE_RANGE_FILE PFI_STATE_DIR "/fake_ip.networks"

/* Pure: the first candidate of each family that overlaps none of taken[]; kept[] come before all others. Returns the
 * count in out[]. */
size_t fake_range_choose(const struct network *taken, size_t ntaken, const struct network *kept, size_t nkept,
    struct network out[2]);

/* Sets the ranges of conf, if dns.fake_ip is "auto". Without root the saved choice cannot be read, and the first that
 * is clear is taken. 0 or an errno value: there are none then. */
int  fake_range_set(struct conf *);
/* Is a range of conf, with "auto", in use elsewhere by now? */
bool fake_range_taken(const struct conf *);
