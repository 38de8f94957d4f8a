/*
 * rate.h - a rate limit: a token bucket.
 *
 * Owner:   whoever holds the struct; all zero is a full bucket.
 * Units:   seconds, passed in.
 */
#pragma once

struct rate {
	double used;            /* tokens missing at `last` */
	double last;            /* time of the last rate_take() */
};

/* Takes a token from a bucket that holds per_second tokens and gains as many a second. False: it is empty. */
bool rate_take(struct rate *, double per_second, double now);
