/*
 * leaks.h - the leaks link of "doctor": the ways in which names that rules send to a proxy can still leave this host
 *           outside of it.
 *
 * leaks.c looks at the configuration, the resolvers and the programs that are running; leaks_files.c has the rows of
 * files, each with the function that judges its text. Nothing is changed, no name is asked.
 *
 * Bounds:  LEAKS_RESOLVERS resolvers, CTL_FILE_MAX bytes of a file.
 */
#ifndef PFI_LEAKS_H
#define PFI_LEAKS_H

#include "command.h"
#include "doctor.h"

#define LEAKS_RESOLVERS 16

/* Where it looks; a test gives its own. */
struct leaks_place {
	const char           *root;     /* before every path */
	const char *const    *homes;    /* NULL at the end */
	const struct network *own;      /* this host's addresses */
	size_t                nown;
	int (*run)(const char *const argv[], const char *input, char *output, size_t size, unsigned timeout_ms);
};

/* One run. */
struct leaks {
	struct doctor            *d;
	const struct conf        *conf;
	const struct leaks_place *place;
	char       *programs;           /* command lines of all processes; NULL: cannot be seen */
	union addr  resolvers[LEAKS_RESOLVERS];         /* outside of this host, with port */
	size_t      nresolvers;
	const char *provider;           /* name under which a resolver of resolv.conf answers DNS over HTTPS; or NULL */
	const char *managed[8];         /* browsers whose administrator decides */
	size_t      nmanaged;
	bool        macos, mdns, llmnr; /* names are asked so, too */
	unsigned    ways, hidden;       /* said; files and directories that cannot be read */
	int         grep;               /* of leaks_grep() */
	char        grep_path[256];
};

/* Looks at this host. */
void doctor_leaks(struct doctor *);
void leaks_check(struct doctor *, const struct leaks_place *);

/* For leaks_files.c. A way out, with its cure. */
void leaks_say(struct leaks *, enum doctor_level, const char *fmt, ...) __attribute__((format(printf, 3, 4)));
/* Would a flow go direct? host and dst may be NULL. */
bool leaks_flow(const struct leaks *, const char *host, const union addr *dst, int proto, uint16_t port);
/* Is this name for a proxy, and nobody else, to know? */
bool leaks_kept(const struct leaks *, const char *host);
/* The resolver "addr", "addr:port", "[addr]:port", "addr#port" or "addr#name", which stands in path. port: without one
 * in word. False: word is none. */
bool leaks_resolver(struct leaks *, const char *path, const char *word, uint16_t port);
/* Every file of the table. */
void leaks_files(struct leaks *);
/* Does a file of the pattern (glob(3) with braces) say word outside of comments? 0: l->grep_path does. ENOENT: there is
 * no such file. ESRCH: none says so. */
int leaks_grep(struct leaks *, const char *pattern, const char *word);
/* Does a program of this name run, argument on its command line? argument may be NULL. */
bool leaks_runs(const struct leaks *, const char *name, const char *argument);

#endif
