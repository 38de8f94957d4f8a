#include "config.h"

#include "base/log.h"

#include <stdarg.h>
#include <syslog.h>
#include <time.h>
#include <unistd.h>

#define LINE_MAX_BYTES 2048

static struct {
	const char *ident;
	bool        to_stderr, verbose, json;
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
log_configure(int facility, int level, bool json)
{
	log_state.json = json;
	if (!log_state.verbose)
		log_state.level = level;
	if (!log_state.to_stderr)
		openlog(log_state.ident, LOG_PID | LOG_NDELAY, facility);
}

static bool
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

/* One write(2) a line, because several processes share the terminal. members: of a JSON object; NULL: log the text. */
static void
log_to_terminal(int level, const char *text, const char *members)
{
	char out[LINE_MAX_BYTES * 2 + 256], when[40];
	time_t now = time(NULL);
	struct tm tm;
	int len;

	strftime(when, sizeof(when), log_state.json ? "%Y-%m-%dT%H:%M:%S%z" : "%Y-%m-%dT%H:%M:%S",
	    localtime_r(&now, &tm));
	if (members != NULL)
		len = snprintf(out, sizeof(out), "{\"time\":\"%s\",\"level\":\"%s\",\"pid\":%ld,%s}\n", when,
		    log_level_name(level), (long)getpid(), members);
	else
		len = snprintf(out, sizeof(out), "%s %s[%ld] %s: %s\n", when, log_state.ident, (long)getpid(),
		    log_level_name(level), text);
	if (write(members != NULL ? STDOUT_FILENO : STDERR_FILENO, out, (size_t)len) == -1)
		return; /* there is no place to report it to */
}

/* "message":"..." */
static void
log_text_as_json(int level, const char *line)
{
	static const char head[] = "\"message\":\"";
	char members[LINE_MAX_BYTES * 2 + sizeof(head) + 1], *to = members + sizeof(head) - 1;

	memcpy(members, head, sizeof(head) - 1);
	for (; *line != '\0'; *to++ = *line++)
		if (*line == '"' || *line == '\\')
			*to++ = '\\';
	memcpy(to, "\"", 2);
	log_to_terminal(level, NULL, members);
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
	if (log_state.to_stderr && log_state.json)
		log_text_as_json(level, line);
	else if (log_state.to_stderr)
		log_to_terminal(level, line, NULL);
	else
		syslog(level, "%s", line);
}

bool
log_is_json(void)
{
	return log_state.json;
}

void
log_members(const char *members)
{
	if (!log_enabled(LOG_INFO))
		return;
	if (log_state.to_stderr)
		log_to_terminal(LOG_INFO, NULL, members);
	else
		syslog(LOG_INFO, "{%s}", members);
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
