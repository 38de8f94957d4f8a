/*
 * leaks.h - the leaks link of "doctor": the ways in which names that rules send to a proxy can still leave this host
 *           outside of it. Nothing is changed, no name is asked.
 *
 * leaks.c looks at settings and running programs; leaks_files.c has the rows of files, each with the function that judges
 * its text.
 */
#ifndef PFI_LEAKS_H
#define PFI_LEAKS_H

#include "ctl/doctor.h"

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
	const char *programs;           /* command lines of all processes; NULL: cannot be seen */
	const char *provider;           /* name under which a resolver of resolv.conf answers DNS over HTTPS; or NULL */
	union addr  resolvers[16];      /* judged already */
	size_t      nresolvers;
	unsigned    managed;            /* browsers whose administrator decides; bits */
	bool        macos, mdns;        /* names are asked so, too */
	unsigned    hidden;             /* files and homes that cannot be read */
	bool        seen;               /* leaks_grep(): there is such a file */
	char        path[256];          /* ... that says so; "" */
};

/* Looks at this host. */
void doctor_leaks(struct doctor *);
void leaks_check(struct doctor *, const struct leaks_place *);

/* For leaks_files.c. Would a flow go direct? host and dst may be NULL. */
bool leaks_flow(const struct leaks *, const char *host, const union addr *dst, int proto, uint16_t port);
/* Do rules send this name to a proxy? */
bool leaks_kept(const struct leaks *, const char *host);
/* Judges "addr", "addr:port", "[addr]:port", "addr#port", "addr#name"; other words are left alone. */
void leaks_resolver(struct leaks *, const char *path, const char *word, uint16_t port);

/* Every row of files. */
void leaks_files(struct leaks *);
/* Does a file of the pattern say word outside of comments? l->seen and l->path tell. */
void leaks_grep(struct leaks *, const char *pattern, const char *word);

#endif
