#include "config.h"

#include "base/rate.h"

bool
rate_take(struct rate *r, double per_second, double now)
{
	if (now > r->last)
		r->used -= (now - r->last) * per_second;
	if (r->used < 0)
		r->used = 0;
	r->last = now;
	if (r->used + 1 > per_second)
		return false;
	r->used += 1;
	return true;
}
