#include "config.h"

#include "quiet_log.h"

#include <stdarg.h>

struct quiet_log quiet_log;

#define KEEP(count, fmt) do { \
	va_list args; \
	va_start(args, fmt); \
	vsnprintf(quiet_log.last, sizeof(quiet_log.last), fmt, args); \
	va_end(args); \
	quiet_log.count++; \
	quiet_log.lines++; \
} while (0)

void log_error(const char *fmt, ...) { KEEP(errors, fmt); }
void log_warn(const char *fmt, ...) { KEEP(warnings, fmt); }
void log_info(const char *fmt, ...) { KEEP(infos, fmt); }
void log_debug(const char *fmt, ...) { KEEP(debugs, fmt); }

bool
log_is_json(void)
{
	return quiet_log.json;
}

void
log_members(const char *members)
{
	log_info("%s", members);
}

void
fatal(const char *fmt, ...)
{
	KEEP(errors, fmt);
	fprintf(stderr, "fatal: %s\n", quiet_log.last);
	exit(1);
}
