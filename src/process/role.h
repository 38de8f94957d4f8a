/*
 * role.h - the arguments of a process that the helper starts: who it becomes and where it logs to.
 *
 * spawn.h makes them, role_parse() reads them at the other side.
 */
#ifndef PFI_ROLE_H
#define PFI_ROLE_H

#include <stdbool.h>
#include <stddef.h>
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

/* ROLE_FD is a socket, and the process is root's: the helper has started it. */
bool role_is_started_by_helper(void);

#endif
