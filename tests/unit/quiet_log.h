/*
 * quiet_log.h - base/log.h for unit tests: counts the messages and keeps the last one. A test that looks at quiet_log
 *               clears it first.
 */
#ifndef PFI_QUIET_LOG_H
#define PFI_QUIET_LOG_H

#include "base/log.h"

struct quiet_log {
	unsigned errors, warnings, infos, debugs;
	unsigned lines;                 /* all of them */
	bool     json;                  /* for log_is_json() */
	char     last[4096];
};
extern struct quiet_log quiet_log;

#endif
