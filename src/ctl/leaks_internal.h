/*
 * leaks_internal.h - the parts of the leaks link: leaks.c checks settings and running programs, leaks_files.c checks
 *                    files, and both let leaks_judge.c judge the findings.
 */
#pragma once

#include "ctl/leaks.h"

/* One run. */
struct leaks {
	struct doctor            *d;
	const struct conf        *conf;
	const struct leaks_place *place;
	const char *programs;           /* command lines of all processes; NULL: not known */
	union addr  resolvers[16];      /* judged already */
	size_t      nresolvers;
	bool        macos, mdns;        /* mdns: this host also sends names to multicast DNS */
	unsigned    hidden;             /* files that cannot be read */
	bool        seen;               /* leaks_grep() found a file */
	char        path[256];          /* ... that has the word; or "" */
};

/* Would the rules let this flow go direct? host and dst may be NULL. */
bool leaks_flow(const struct leaks *, const char *host, const union addr *dst, int proto, uint16_t port);
/* Do the rules send this name to a proxy? */
bool leaks_kept(const struct leaks *, const char *host);
/* Has the daemon a listener of this address family? */
bool leaks_listens(const struct leaks *, int family);
/* Judges the resolver "addr", "addr:port", "[addr]:port", "addr#port" or "addr#name"; ignores other words. path: the
 * file or command that names it; port: if word has none. */
void leaks_resolver(struct leaks *, const char *path, const char *word, uint16_t port);

/* Checks the resolvers and search domains of resolv.conf(5). */
void leaks_files(struct leaks *);
/* Looks for word, outside of comments, in the files of a glob(3) pattern with braces; sets l->seen and l->path. */
void leaks_grep(struct leaks *, const char *pattern, const char *word);
