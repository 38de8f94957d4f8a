/*
 * log.h - messages to syslog(3), or to stderr in the foreground.
 *
 * Every line is one message; control characters that came from outside are
 * replaced by '?'. No secret is ever passed to these functions.
 * Two classes of error (see style): fatal() when the process cannot go on,
 * log_*() when only this one request failed.
 *
 * Threads: any thread may log, but log_open() and log_configure() need that no other thread logs at the same time.
 *          The relay threads do not log.
 */
#ifndef PFI_LOG_H
#define PFI_LOG_H

#include <stdbool.h>

/* ident: the name shown; facility: a LOG_* facility of syslog(3).
 * to_stderr: foreground mode. The connection to syslogd is opened at once, so
 * that it survives chroot(2). level: LOG_ERR .. LOG_DEBUG; lines above it are dropped.
 * LOG_DEBUG (-v on the command line) is not taken back by log_configure(). */
void log_open(const char *ident, bool to_stderr, int facility, int level);
/* What the configuration says, at the start and after a reload. json: in the foreground, each line is a JSON object
 * on standard output. */
void log_configure(int facility, int level, bool json);

void log_error(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
void log_warn(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
void log_info(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
void log_debug(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

bool log_is_json(void);
/* A message at LOG_INFO that is JSON already: the members of an object, without its braces. */
void log_members(const char *members);

/* Logs at LOG_CRIT and exits with status 1. */
_Noreturn void fatal(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

#endif
