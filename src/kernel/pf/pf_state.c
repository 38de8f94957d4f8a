#include "config.h"

#include "kernel/pf/pf_state.h"

#include <errno.h>
#include <fcntl.h>
#include <glob.h>
#include <inttypes.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "host/command.h"
#include "kernel/pf/pf_text.h"

#define STATES_MAX (4u << 20)   /* bytes of "pfctl -s states" looked at */
#define KILL_MAX   256          /* pairs of hosts killed one by one */
#define PFCTL_MS   5000

/* The note is one line; path "-" stands for none. */
#define NOTE_FORMAT "pid=%ld enabled=%" PRIu32 " skip=%" PRIu32 " token=%" PRIu64 " path=%s\n"

/* Each anchor has a note of its own: another daemon may run with another anchor. */
static const char *
note_path(const struct pf_env *env, const char *name, char path[PATH_MAX])
{
	snprintf(path, PATH_MAX, "%s.%s", env->state_file, name);
	return path;
}

int
pf_state_save(const struct pf_env *env, const char *name, const struct anchor_restore *r)
{
	char line[512], path[PATH_MAX];
	int fd = open(note_path(env, name, path), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600);
	ssize_t n;

	if (fd == -1)
		return errno;
	snprintf(line, sizeof(line), NOTE_FORMAT, (long)getpid(), r->enabled, r->skip_cleared, r->token,
	    r->path[0] != '\0' ? r->path : "-");
	n = write(fd, line, strlen(line));
	return close(fd) == -1 || n != (ssize_t)strlen(line) ? EIO : 0;
}

static int
note_read(const char *note, long *pid, struct anchor_restore *r)
{
	int fd = open(note, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	char line[512], path[sizeof(r->path)];
	ssize_t n;

	if (fd == -1)
		return errno;
	n = read(fd, line, sizeof(line) - 1);
	close(fd);
	if (n <= 0)
		return EINVAL;
	line[n] = '\0';
	memset(r, 0, sizeof(*r));
	_Static_assert(sizeof(path) == 128, "the width below");
	if (sscanf(line, "pid=%ld enabled=%" SCNu32 " skip=%" SCNu32 " token=%" SCNu64 " path=%127s", pid,
	    &r->enabled, &r->skip_cleared, &r->token, path) != 5)
		return EINVAL;
	if (strcmp(path, "-") != 0)
		memcpy(r->path, path, sizeof(path));
	return 0;
}

int
pf_state_load(const struct pf_env *env, const char *name, struct anchor_restore *r)
{
	char path[PATH_MAX];
	long pid;

	return note_read(note_path(env, name, path), &pid, r);
}

void
pf_state_drop(const struct pf_env *env, const char *name)
{
	char path[PATH_MAX];

	unlink(note_path(env, name, path));
}

static bool
is_gone(long pid)
{
	return kill((pid_t)pid, 0) == -1 && errno == ESRCH;
}

bool
pf_state_is_stale(const struct pf_env *env, const char *name)
{
	char path[PATH_MAX];
	struct anchor_restore r;
	long pid;

	return note_read(note_path(env, name, path), &pid, &r) == 0 && is_gone(pid);
}

bool
pf_state_others(const struct pf_env *env, const char *name, struct anchor_restore *sum)
{
	char path[PATH_MAX], own[PATH_MAX];
	struct anchor_restore r;
	bool found = false;
	glob_t notes;
	long pid;

	note_path(env, name, own);
	if (glob(note_path(env, "*", path), 0, NULL, &notes) != 0)
		return false;
	for (size_t i = 0; i < notes.gl_pathc; i++) {
		if (strcmp(notes.gl_pathv[i], own) == 0 || note_read(notes.gl_pathv[i], &pid, &r) != 0 || is_gone(pid))
			continue;
		found = true;
		sum->enabled |= r.enabled;
		sum->skip_cleared |= r.skip_cleared;
	}
	globfree(&notes);
	return found;
}

/* "127.0.0.1:10080", "::1[10080]"; the port is left out. */
static bool
parse_host(const char *text, size_t len, union addr *out)
{
	char host[ADDR_TEXT_MAX];
	char *port;

	if (len >= sizeof(host))
		return false;
	memcpy(host, text, len);
	host[len] = '\0';
	port = strchr(host, '[');
	if (port == NULL)
		port = strrchr(host, ':');
	if (port == NULL)
		return false;
	*port = '\0';
	return addr_parse(host, 0, out) == 0;
}

bool
pf_state_parse(const char *line, union addr *listener, union addr *destination, union addr *client)
{
	union addr *const parts[] = { listener, destination, client };
	const char *p = line;

	/* "ALL udp A <- D <- C STATE": the first two words are skipped. */
	for (int i = 0; i < 2; i++) {
		p += strcspn(p, " ");
		p += strspn(p, " ");
	}
	for (size_t i = 0; i < 3; i++) {
		if (i > 0 && strncmp(p, "<- ", 3) != 0)
			return false;
		p += i > 0 ? 3 : 0;
		if (!parse_host(p, strcspn(p, " \n"), parts[i]))
			return false;
		p += strcspn(p, " \n");
		p += strspn(p, " ");
	}
	return addr_is_loopback(listener);
}

static int
kill_run(const struct pf_env *env, const char *a, const char *b)
{
	const char *argv[] = { env->pfctl, "-q", "-k", a, "-k", b, NULL };
	char output[512];

	return command_run(argv, NULL, output, sizeof(output), PFCTL_MS);
}

struct pair { char a[ADDR_TEXT_MAX], b[ADDR_TEXT_MAX]; };

static void
pair_add(struct pair list[KILL_MAX], size_t *n, const union addr *a, const union addr *b)
{
	struct pair pair;

	memset(&pair, 0, sizeof(pair));
	addr_format_ip(a, pair.a);
	addr_format_ip(b, pair.b);
	for (size_t i = 0; i < *n; i++)
		if (memcmp(&list[i], &pair, sizeof(pair)) == 0)
			return;
	if (*n < KILL_MAX)
		list[(*n)++] = pair;
}

/* Both states of each flow: client to destination on its way out, and client to listener on lo0. */
static void
kill_by_host(const struct pf_env *env)
{
	const char *argv[] = { env->pfctl, "-s", "states", NULL };
	struct pair *pairs = calloc(KILL_MAX, sizeof(*pairs));
	char *text = malloc(STATES_MAX);
	union addr listener, destination, client;
	size_t n = 0;

	if (pairs != NULL && text != NULL && command_run(argv, NULL, text, STATES_MAX, PFCTL_MS) == 0)
		for (char *line = strtok(text, "\n"); line != NULL; line = strtok(NULL, "\n"))
			if (pf_state_parse(line, &listener, &destination, &client)) {
				pair_add(pairs, &n, &client, &destination);
				pair_add(pairs, &n, &client, &listener);
			}
	for (size_t i = 0; i < n; i++)
		kill_run(env, pairs[i].a, pairs[i].b);
	free(text);
	free(pairs);
}

void
pf_state_kill(const struct pf_env *env)
{
	if (!env->system->kill_by_label) {
		kill_by_host(env);
		return;
	}
	for (size_t i = 0; pf_labels[i] != NULL; i++)
		kill_run(env, "label", pf_labels[i]);
}
