/*
 * usage.h - the resources that this process uses: processor time, memory, descriptors.
 */
#pragma once

struct usage {
	double   cpu_s;                 /* user and system time; getrusage(2) */
	uint64_t memory_peak_bytes;     /* the most that was resident at any time */
	uint64_t descriptors, descriptors_max;
};

void usage_get(struct usage *);
