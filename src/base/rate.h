/*
 * rate.h - so many a second, and no more: a bucket that fills with time.
 *
 * Owner:   whoever holds the struct; all zero is a full bucket.
 * Units:   seconds, passed in.
 */
#ifndef PFI_RATE_H
#define PFI_RATE_H

#include <stdbool.h>

struct rate {
	double used;            /* taken, and not yet given back by time */
	double last;            /* when that was worked out */
};

/* Takes one, of at most per_second a second and as many at once. False: there is none. */
bool rate_take(struct rate *, double per_second, double now);

#endif
