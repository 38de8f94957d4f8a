/*
 * command.h - runs a program of the system and waits for it.
 *
 * No shell: argv[] goes to the program as it is; argv[0] without a slash is looked for in the
 * system's own directories. The program gets an almost empty environment, default signal
 * handling, and no descriptor but 0, 1 and 2 (all others are expected to be close-on-exec).
 *
 * Owner:   blocks the caller; for a process with one thread (SIGPIPE is ignored meanwhile).
 * Units:   milliseconds.
 * Bounds:  output beyond the buffer is read and dropped.
 */
#ifndef PFI_COMMAND_H
#define PFI_COMMAND_H

#include <stddef.h>

/* input: text for its standard input, or NULL. output: what it printed (standard output and error
 * as they came), always NUL-terminated; size is at least 1.
 * 0: it ended with status 0. EIO: with another status. ENOENT, EACCES: it could not be started.
 * ETIMEDOUT: killed after timeout_ms. Else the errno value of what failed here. */
int command_run(const char *const argv[], const char *input, char *output, size_t size, unsigned timeout_ms);

#endif
