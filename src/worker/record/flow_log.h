/*
 * flow_log.h - the record of a finished flow as a line of the log (see pfinterceptd(8), "FLOW RECORDS").
 *
 *   flow id=7 proto=tcp src=10.0.0.2:50312 dst=203.0.113.7:443 host=a.kion.cloud via=sni rule=1
 *   action=proxy proxy=1 out=517 in=4120 ms=231 close=done            (one line)
 *
 * log.flows and log.hosts decide how much of it is written, log.format how, log.rate how often: what is left out is
 * counted, and the count is logged before the next record.
 */
#ifndef PFI_FLOW_LOG_H
#define PFI_FLOW_LOG_H

#include "base/rate.h"
#include "conf/conf.h"

struct flow_record;

/* Zero at first. */
struct flow_log {
	struct rate rate;
	uint64_t    left_out;           /* since the last line that was written */
};

void flow_log(struct flow_log *, const struct conf *, const struct flow_record *, double now);

#endif
