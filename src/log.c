#include "config.h"

#include "log.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <syslog.h>
#include <time.h>
#include <unistd.h>

#define LINE_MAX_BYTES 2048

static struct {
	const char *ident;
	bool        to_stderr, verbose;
	int         level;
} log_state = { .ident = "pfinterceptd", .to_stderr = true, .level = LOG_INFO };

void
log_open(const char *ident, bool to_stderr, int facility, int level)
{
	log_state.ident = ident;
	log_state.to_stderr = to_stderr;
	log_state.level = level;
	log_state.verbose = level == LOG_DEBUG;
	if (!to_stderr)
		openlog(ident, LOG_PID | LOG_NDELAY, facility);
}

void
log_configure(int facility, int level)
{
	if (!log_state.verbose)
		log_state.level = level;
	if (!log_state.to_stderr)
		openlog(log_state.ident, LOG_PID | LOG_NDELAY, facility);
}

bool
log_enabled(int level)
{
	return level <= log_state.level;
}

static const char *
log_level_name(int level)
{
	return level <= LOG_CRIT ? "fatal" : level == LOG_ERR ? "error"
	     : level == LOG_WARNING ? "warning" : level == LOG_INFO ? "info" : "debug";
}

/* One write(2) a line, so that lines of several processes do not mix. */
static void
log_to_stderr(int level, const char *line)
{
	char out[LINE_MAX_BYTES + 128], when[32];
	time_t now = time(NULL);
	struct tm tm;
	int len;

	strftime(when, sizeof(when), "%Y-%m-%dT%H:%M:%S", localtime_r(&now, &tm));
	len = snprintf(out, sizeof(out), "%s %s[%ld] %s: %s\n", when, log_state.ident, (long)getpid(),
	    log_level_name(level), line);
	if (write(STDERR_FILENO, out, (size_t)len) == -1)
		return; /* nobody left to tell */
}

static void
log_line(int level, const char *fmt, va_list args)
{
	char line[LINE_MAX_BYTES];

	if (!log_enabled(level))
		return;
	vsnprintf(line, sizeof(line), fmt, args);
	for (unsigned char *p = (unsigned char *)line; *p != '\0'; p++)
		if (*p < 0x20 || *p == 0x7f)
			*p = '?';
	if (log_state.to_stderr)
		log_to_stderr(level, line);
	else
		syslog(level, "%s", line);
}

#define LOG_BODY(level)               \
	do {                          \
		va_list args;         \
		va_start(args, fmt);  \
		log_line(level, fmt, args); \
		va_end(args);         \
	} while (0)

void log_error(const char *fmt, ...) { LOG_BODY(LOG_ERR); }
void log_warn(const char *fmt, ...) { LOG_BODY(LOG_WARNING); }
void log_info(const char *fmt, ...) { LOG_BODY(LOG_INFO); }
void log_debug(const char *fmt, ...) { LOG_BODY(LOG_DEBUG); }

void
fatal(const char *fmt, ...)
{
	LOG_BODY(LOG_CRIT);
	exit(1);
}
