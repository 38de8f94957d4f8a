/*
 * ctl.h - pfinterceptctl(8): the options that all verbs share, and what several verbs need.
 *
 * A new verb is one file, its function below, and a row in pfinterceptctl.c.
 */
#ifndef PFI_CTL_H
#define PFI_CTL_H

#include <sys/stat.h>

#include "conf/conf.h"
#include "kernel/anchor.h"

#define CTL_FILE_MAX (16 << 20)         /* a file larger than this is not read */

enum { CTL_OK, CTL_FAILED, CTL_USAGE };         /* exit statuses */

struct ctl {
	const char *file;               /* the configuration */
	bool        file_given;         /* it was named with -f */
	const char *socket;             /* named with -s; NULL: as the configuration says */
	bool        json;
};

/* A verb; a row of the table in pfinterceptctl.c. argv[0] is the verb itself, argv[1] its first argument. Gives an exit
 * status; with CTL_USAGE the caller tells the usage. */
typedef int ctl_run(const struct ctl *, int argc, char **argv);
ctl_run anchor_run, doctor_run, kill_run, query_run, setup_run, test_run, top_run;

/* Reads the configuration. NULL: report->error tells. report is all zero at first. */
struct conf *ctl_conf(const char *file, struct conf_report *);

/* The same for verbs that cannot do without: prints warnings and error. NULL: said so. */
struct conf *ctl_conf_needed(const char *file);

/* The uid of conf->user. False when there is none, or it is root. */
bool ctl_user(const struct conf *, uid_t *);

/* What a host's name or numeric address means, with port. Asks the system's resolver, and may take as long as
 * that does. Returns how many were written. */
size_t ctl_resolve(const char *host, uint16_t port, union addr *out, size_t max);

/* The whole file, malloc'd and NUL-terminated; NULL with errno set. */
char *ctl_read(const char *path, size_t *len, struct stat *);

/* 0: a socket can be bound to this address and port; EADDRINUSE: somebody has it. Else an errno value.
 * The daemon's own loopback address counts as there. */
int ctl_bind(const union addr *, int type);

/* What the daemon would load for conf now, malloc'd. Says on standard error what is missing in it. NULL: no memory,
 * or the configuration asks for a firewall that this system does not have (said so). */
char *ctl_anchor_text(const struct conf *, uid_t);

/* What the rules depend on besides the configuration, found out without changing anything. One a system. */
void ctl_anchor_place(struct anchor *, const struct conf *);

/* "setup" on this system; see setup.h. An exit status. */
struct setup_options;
int ctl_setup(const struct ctl *, const struct setup_options *);

#endif
