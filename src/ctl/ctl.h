/*
 * ctl.h - pfinterceptctl(8): the options of all verbs, and functions that several verbs use.
 *
 * A new verb is one file, its function below, and a row in pfinterceptctl.c.
 */
#pragma once

#include <sys/stat.h>

#include "conf/conf.h"

#define CTL_FILE_MAX (16 << 20)         /* a file larger than this is not read */

enum { CTL_OK, CTL_FAILED, CTL_USAGE };         /* exit statuses */

struct ctl {
	const char *file;               /* the configuration */
	bool        file_given;         /* file comes from -f */
	const char *socket;             /* from -s; NULL: as the configuration says */
	bool        json;
};

/* Runs a verb, a row of the table in pfinterceptctl.c. argv[0] is the verb, argv[1] its first argument. An exit status;
 * for CTL_USAGE the caller prints the usage. */
typedef int ctl_run(const struct ctl *, int argc, char **argv);
ctl_run anchor_run, doctor_run, kill_run, query_run, setup_run, test_run, top_run;

/* Reads the configuration. NULL: report->error has the fault. The caller zeroes report. */
struct conf *ctl_conf(const char *file, struct conf_report *);

/* The same for verbs that need one: prints warnings and the error. */
struct conf *ctl_conf_needed(const char *file);

/* The uid of conf->user. False when there is none, or it is root. */
bool ctl_user(const struct conf *, uid_t *);

/* Resolves a host's name, or a numeric address, with port. Blocks as long as the system's resolver. The number of
 * addresses written. */
size_t ctl_resolve(const char *host, uint16_t port, union addr *out, size_t max);

/* The whole file, malloc'd and NUL-terminated; NULL with errno set. */
char *ctl_read(const char *path, size_t *len, struct stat *);

/* 0: a socket of this type can be bound to addr; EADDRINUSE: another has it. Else an errno value. A loopback address
 * that the daemon adds itself counts as present. */
int ctl_bind(const union addr *, int type);

/* The rules that the daemon would load for conf, malloc'd. Prints on standard error the proxies that are missing in it.
 * NULL: no memory, or no firewall of the kind that conf names, which is printed. */
char *ctl_anchor_text(const struct conf *, uid_t);

/* "setup" on this system; see setup.h. An exit status. */
struct setup_options;
int ctl_setup(const struct ctl *, const struct setup_options *);
