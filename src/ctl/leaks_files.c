#include "config.h"

#include "ctl/leaks_internal.h"

#include <glob.h>

#include "ctl/ctl.h"

#define RESOLV_CONF "/etc/resolv.conf"
#define DNS         53
#define SERVERS     8           /* of one file */

/* Reads text, which it may change, of the file at path. */
typedef void file_look(struct leaks *, const char *path, char *text, const char *word);

static void
look_at(struct leaks *l, const char *files, file_look *look, const char *word)
{
	char pattern[1024];
	struct stat st;
	glob_t found;
	size_t len;

	snprintf(pattern, sizeof(pattern), "%s%s", l->place->root, files);
	if (glob(pattern, GLOB_BRACE, NULL, &found) == 0)
		for (size_t i = 0; i < found.gl_pathc; i++) {
			char *text = ctl_read(found.gl_pathv[i], &len, &st);

			l->hidden += text == NULL && (errno == EACCES || errno == EPERM);
			if (text != NULL)
				look(l, found.gl_pathv[i] + strlen(l->place->root), text, word);
			free(text);
		}
	globfree(&found);
}

/* Cuts the next line from *text, folds its blanks and removes its comment. NULL: there is none. */
static char *
next_line(char **text)
{
	char *line = strsep(text, "\r\n"), *rest = line, *end = line, *word;
	size_t len;

	while ((word = strsep(&rest, " \t")) != NULL && *word != '#' && *word != ';' && strncmp(word, "--", 2) != 0) {
		len = strlen(word);
		if (len > 0 && end > line)
			*end++ = ' ';
		memmove(end, word, len);
		end += len;
	}
	if (line != NULL)
		*end = '\0';
	return line;
}

/* The C library appends a search domain to names with fewer dots than ndots first, and to others if they do not exist.
 * The result is another name, for which the rules may say "direct". */
static void
judge_search(struct leaks *l, const char *path, const char *domain, int ndots)
{
	char name[300];

	snprintf(name, sizeof(name), "host.%s", domain);
	if (l->macos || strcmp(domain, ".") == 0 || leaks_kept(l, name))
		return;
	doctor_say(l->d, ndots > 1 ? DOCTOR_WARNING : DOCTOR_NOTE, "leaks", "names %s are also asked as NAME.%s, "
	    "directly (%s): remove that search domain, or send *.%s to a proxy by a rule",
	    ndots > 1 ? "with few dots" : "that do not exist", domain, path, domain);
}

/* resolv.conf(5), and the files of resolver(5) on macOS, which have a port of their own. */
static void
look_resolv(struct leaks *l, const char *path, char *text, const char *word)
{
	char *line, *key, *ndots, *domain, *domains = NULL, *servers[SERVERS];
	size_t nservers = 0;
	int port = DNS, dots = 1;

	while ((line = next_line(&text)) != NULL) {
		key = strsep(&line, " ");
		if (line == NULL)
			continue;
		if (strcmp(key, "nameserver") == 0 && nservers < SERVERS)
			servers[nservers++] = strsep(&line, " ");
		else if (strcmp(key, "port") == 0)
			port = atoi(line);
		else if (strcmp(key, "search") == 0 || strcmp(key, "domain") == 0)
			domains = line;
		else if (strcmp(key, "options") == 0 && (ndots = strstr(line, "ndots:")) != NULL)
			dots = atoi(ndots + 6);
	}
	for (size_t i = 0; i < nservers; i++)
		leaks_resolver(l, path, servers[i], (uint16_t)port);
	while (strcmp(path, RESOLV_CONF) == 0 && (domain = strsep(&domains, " ")) != NULL)
		judge_search(l, path, domain, dots);
}

void
leaks_files(struct leaks *l)
{
	look_at(l, RESOLV_CONF, look_resolv, NULL);
	look_at(l, "/etc/resolver/*", look_resolv, NULL);
}

/* The first file that has the word is kept. */
static void
look_word(struct leaks *l, const char *path, char *text, const char *word)
{
	char *line;

	l->seen = true;
	while (l->path[0] == '\0' && (line = next_line(&text)) != NULL)
		if (strstr(line, word) != NULL)
			snprintf(l->path, sizeof(l->path), "%s", path);
}

void
leaks_grep(struct leaks *l, const char *files, const char *word)
{
	l->seen = false;
	l->path[0] = '\0';
	look_at(l, files, look_word, word);
}
