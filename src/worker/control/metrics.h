/*
 * metrics.h - the answer to a scrape of the metrics endpoint.
 */
#ifndef PFI_METRICS_H
#define PFI_METRICS_H

#include "worker/control/control.h"

/* Appends an HTTP response with all metrics. 0, ENOBUFS (out is full) or ENOMEM. */
control_scrape_cb metrics_write;

#endif
