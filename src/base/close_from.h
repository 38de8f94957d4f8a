/*
 * close_from.h - closes descriptors in a child process before it runs another program or waits for something.
 *
 * close_from_libc.c where the system has closefrom(3), else close_from_dir.c; the build chooses one.
 *
 * Threads: for a child with one thread. It is not async-signal-safe everywhere.
 */
#pragma once

/* Closes every open descriptor from lowest on, however many there are. */
void close_from(int lowest);
