/*
 * role.h - the arguments of a process that the helper starts: who it becomes and where it logs to.
 *
 * spawn() builds them in the helper, role_parse() reads them in the new process.
 *
 * Owner:   the strings of a parsed role are those of argv.
 * Errors:  role_parse() ends the process.
 */
#pragma once

#include <sys/types.h>

/* The descriptor at which a started process finds its socket. */
#define ROLE_FD 3
#define ROLE_INTERFACES 8

struct role {
	uid_t       uid;                /* never 0 */
	gid_t       gid;
	bool        to_stderr, verbose;
	const char *interfaces[ROLE_INTERFACES];        /* of the monitor; borrowed */
	size_t      ninterfaces;
};

/* Reads the arguments of main(). name is the program's, flags are the getopt(3) letters that it takes. Returns only
 * in a process of root that found a socket at ROLE_FD and every argument in order. Ends the process otherwise: with
 * status 0 after -V, for which version() prints, and with 2 and the usage after anything else. */
void role_parse(int argc, char **argv, const char *name, const char *flags, void (*version)(void), struct role *);

/* True if the process belongs to root and ROLE_FD is a socket, as in one that the helper has started. */
bool role_is_started_by_helper(void);
