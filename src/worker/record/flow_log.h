/*
 * flow_log.h - the record of a finished flow as a line of the log (see pfinterceptd(8), "FLOW RECORDS").
 *
 *   flow id=7 proto=tcp src=10.0.0.2:50312 dst=203.0.113.7:443 host=a.kion.cloud via=sni rule=1
 *   action=proxy proxy=1 out=517 in=4120 ms=231 close=done            (one line)
 *
 * log.flows selects records, log.hosts limits what they tell of hosts, log.format chooses the form. Records beyond
 * log.rate are dropped; their number is logged before the next record.
 */
#pragma once

#include "base/rate.h"
#include "conf/conf.h"

struct flow_record;

/* All zero at first. */
struct flow_log {
	struct rate rate;
	uint64_t    left_out;           /* records dropped since the last line */
};

/* now: on the loop's clock. */
void flow_log(struct flow_log *, const struct conf *, const struct flow_record *, double now);
