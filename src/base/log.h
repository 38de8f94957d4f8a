/*
 * log.h - messages to syslog(3), or to stderr in the foreground.
 *
 * A message is one line: control characters in it become '?'. Callers pass no secrets.
 * fatal() is for faults that end the process, log_*() for those of a single request.
 *
 * Bounds:  2,047 bytes a message; longer ones are cut.
 * Threads: any thread may log, but log_open() and log_configure() need that no other thread logs at the same time.
 *          The relay threads do not log.
 */
#pragma once

/* ident: the name of the program in each line, borrowed. facility: LOG_DAEMON, ... of syslog(3). to_stderr:
 * foreground mode. level: LOG_ERR .. LOG_DEBUG; less important messages are dropped. The connection to syslogd is
 * opened at once, because chroot(2) would cut it off. With LOG_DEBUG (-v) log_configure() leaves the level alone. */
void log_open(const char *ident, bool to_stderr, int facility, int level);
/* Applies the configuration, at the start and after a reload. json: in the foreground each line is a JSON object on
 * standard output. */
void log_configure(int facility, int level, bool json);

void log_error(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
void log_warn(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
void log_info(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
void log_debug(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

bool log_is_json(void);
/* Logs a message at LOG_INFO that is JSON already: the members of an object, without braces. */
void log_members(const char *members);

/* Logs at LOG_CRIT and exits with status 1. */
_Noreturn void fatal(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
