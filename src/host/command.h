/*
 * command.h - runs a program of the system and waits for it.
 *
 * There is no shell: argv[] goes to the program unchanged. argv[0] without a slash is searched in the system's own
 * directories. The program gets a minimal environment, default signals, and descriptors 0, 1 and 2 only, provided that
 * all others are close-on-exec.
 *
 * Units:   milliseconds.
 * Bounds:  output beyond the buffer is read and dropped.
 * Threads: blocks the caller; for a process with one thread, because it ignores SIGPIPE meanwhile.
 */
#pragma once

/* Runs the program. input: text for its standard input, or NULL. output gets its standard output and error in the order
 * of arrival, always NUL-terminated; size is at least 1.
 * 0: it ended with status 0. EIO: it ended with another status. ENOENT, EACCES: it could not be started.
 * ETIMEDOUT: it was killed after timeout_ms. Otherwise the errno value of a failed call. */
int command_run(const char *const argv[], const char *input, char *output, size_t size, unsigned timeout_ms);
