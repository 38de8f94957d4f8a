/*
 * clock.h - a test's own clock for libev: clock_advance() instead of waiting. Included once in a test.
 */
#ifndef CLOCK_H
#define CLOCK_H

#include <sys/syscall.h>
#include <sys/time.h>

#include <ev.h>
#include <time.h>
#include <unistd.h>

static long clock_ahead_s;

int
clock_gettime(clockid_t id, struct timespec *ts)
{
	if (syscall(SYS_clock_gettime, id, ts) == -1)
		return -1;
	ts->tv_sec += clock_ahead_s;
	return 0;
}

int
gettimeofday(struct timeval *restrict tv, void *restrict zone)
{
	struct timespec ts;

	(void)zone;
	if (clock_gettime(CLOCK_REALTIME, &ts) == -1)
		return -1;
	tv->tv_sec = ts.tv_sec;
	tv->tv_usec = ts.tv_nsec / 1000;
	return 0;
}

/* Moves on, and runs what has come due. */
static void
clock_advance(long seconds)
{
	clock_ahead_s += seconds;
	ev_run(EV_DEFAULT, EVRUN_NOWAIT);
	ev_run(EV_DEFAULT, EVRUN_NOWAIT);
}

#endif
