/*
 * clock.h - a test's own clock for libev: clock_advance() instead of waiting. Included once in a program.
 */
#ifndef CLOCK_H
#define CLOCK_H

#include <sys/syscall.h>
#include <sys/time.h>

#include <ev.h>
#include <time.h>
#include <unistd.h>

static double clock_ahead_s;

/* libev asks these two too, so that it sees the time that a test has set. */
int
clock_gettime(clockid_t id, struct timespec *ts)
{
	if (syscall(SYS_clock_gettime, id, ts) == -1)
		return -1;
	ts->tv_sec += (time_t)clock_ahead_s;
	ts->tv_nsec += (long)((clock_ahead_s - (double)(time_t)clock_ahead_s) * 1e9);
	if (ts->tv_nsec >= 1000000000) {
		ts->tv_nsec -= 1000000000;
		ts->tv_sec++;
	}
	return 0;
}

int
gettimeofday(struct timeval *restrict tv, void *restrict zone)
{
	struct timespec ts;

	if (clock_gettime(CLOCK_REALTIME, &ts) == -1)
		return -1;
	tv->tv_sec = ts.tv_sec;
	tv->tv_usec = ts.tv_nsec / 1000;
	return 0;
}

/* Moves on, and runs what has come due. */
static void
clock_advance(struct ev_loop *loop, double seconds)
{
	clock_ahead_s += seconds;
	for (int i = 0; i < 20; i++)
		ev_run(loop, EVRUN_NOWAIT);
}

#endif
