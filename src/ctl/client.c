#include "config.h"

#include "ctl/client.h"

#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>

#include <errno.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "wire/control_request.h"

struct client {
	FILE  *in;
	char  *line;
	size_t size;
};

/* Where the daemon of this configuration listens; the default when that cannot be read. */
static void
socket_path(const struct ctl *ctl, char path[CONF_PATH_MAX + 1])
{
	struct conf_report *report = calloc(1, sizeof(*report));
	struct conf *conf = ctl->socket == NULL && report != NULL ? ctl_conf(ctl->file, report) : NULL;
	const char *from = ctl->socket != NULL ? ctl->socket : conf != NULL ? conf->control.socket : CONF_SOCKET_DEFAULT;

	snprintf(path, CONF_PATH_MAX + 1, "%s", from);
	conf_free(conf);
	free(report);
}

static void
explain(const char *path, int error, char why[CLIENT_WHY_MAX])
{
	if (path[0] == '\0')
		snprintf(why, CLIENT_WHY_MAX, "control.socket is \"\": the daemon has no control socket; name a place for it");
	else if (error == ENOENT || error == ECONNREFUSED)
		snprintf(why, CLIENT_WHY_MAX, "nobody listens at %s: start pfinterceptd anew, or name its socket with -s", path);
	else if (error == EACCES || error == EPERM)
		snprintf(why, CLIENT_WHY_MAX, "%s is for root and control.group; use sudo", path);
	else
		snprintf(why, CLIENT_WHY_MAX, "%s: %s", path, strerror(error));
}

struct client *
client_try(const struct ctl *ctl, unsigned seconds, char why[CLIENT_WHY_MAX])
{
	const struct timeval patience = { .tv_sec = (time_t)seconds };
	struct client *c = calloc(1, sizeof(*c));
	struct sockaddr_un sun = { .sun_family = AF_UNIX };
	char path[CONF_PATH_MAX + 1];
	int fd = c != NULL ? socket(AF_UNIX, SOCK_STREAM, 0) : -1;

	signal(SIGPIPE, SIG_IGN);
	socket_path(ctl, path);
	strncpy(sun.sun_path, path, sizeof(sun.sun_path) - 1);
	if (fd != -1 && setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience)) == 0 &&
	    connect(fd, (struct sockaddr *)&sun, sizeof(sun)) == 0)
		c->in = fdopen(fd, "r");
	if (c != NULL && c->in != NULL)
		return c;
	explain(path, errno, why);
	if (fd != -1)
		close(fd);
	free(c);
	return NULL;
}

struct client *
client_open(const struct ctl *ctl)
{
	char why[CLIENT_WHY_MAX];
	struct client *c = client_try(ctl, 0, why);

	if (c == NULL)
		fprintf(stderr, "pfinterceptctl: %s\n", why);
	return c;
}

void
client_close(struct client *c)
{
	if (c == NULL)
		return;
	fclose(c->in);
	free(c->line);
	free(c);
}

int
client_fd(const struct client *c)
{
	return fileno(c->in);
}

bool
client_ask(struct client *c, const char *fmt, ...)
{
	char members[CONTROL_LINE_MAX - 64], line[CONTROL_LINE_MAX];
	va_list args;
	int len;

	va_start(args, fmt);
	vsnprintf(members, sizeof(members), fmt, args);
	va_end(args);
	len = snprintf(line, sizeof(line), "{\"v\":%d,%s}\n", CONTROL_VERSION, members);
	if (write(client_fd(c), line, (size_t)len) == len)
		return true;
	fprintf(stderr, "pfinterceptctl: the daemon does not listen any more\n");
	return false;
}

yajl_val
client_line(struct client *c, const char **text)
{
	ssize_t len = getline(&c->line, &c->size, c->in);

	if (len == -1)
		return NULL;
	if (text != NULL)
		*text = c->line;
	return yajl_tree_parse(c->line, NULL, 0);
}

yajl_val
client_answer(struct client *c, const char **text)
{
	yajl_val answer = client_line(c, text);
	const char *error = answer != NULL ? member_text(answer, "error") : "the daemon has closed the connection";

	if (answer != NULL && member_true(answer, "ok"))
		return answer;
	fprintf(stderr, "pfinterceptctl: %s\n", error != NULL ? error : "the daemon's answer is not understood");
	yajl_tree_free(answer);
	return NULL;
}

int
client_run(const struct ctl *ctl, enum client_kind kind, client_show *show, const void *arg, const char *fmt, ...)
{
	struct client *c = client_open(ctl);
	char members[CONTROL_LINE_MAX - 64];
	const char *text;
	bool end = false;
	yajl_val line;
	va_list args;

	va_start(args, fmt);
	vsnprintf(members, sizeof(members), fmt, args);
	va_end(args);
	line = c != NULL && client_ask(c, "%s", members) ? client_answer(c, &text) : NULL;
	for (bool first = true; line != NULL; first = false) {
		end = kind == CLIENT_LINE || member_true(line, "end");
		if (ctl->json && !(first && kind == CLIENT_EVENTS))
			fputs(text, stdout);
		else if (!ctl->json && (first || !end))
			show(arg, line, first);
		yajl_tree_free(line);
		if (kind == CLIENT_EVENTS)
			fflush(stdout);
		line = end || ferror(stdout) ? NULL : client_line(c, &text);
		if (line == NULL && !end)
			fprintf(stderr, "pfinterceptctl: the daemon has closed the connection\n");
	}
	client_close(c);
	return end ? CTL_OK : CTL_FAILED;
}

yajl_val
member(yajl_val object, const char *key)
{
	const char *path[] = { key, NULL };

	return YAJL_IS_OBJECT(object) ? yajl_tree_get(object, path, yajl_t_any) : NULL;
}

const char *
member_text(yajl_val object, const char *key)
{
	yajl_val value = member(object, key);

	return YAJL_IS_STRING(value) ? value->u.string : NULL;
}

double
member_number(yajl_val object, const char *key)
{
	yajl_val value = member(object, key);

	return YAJL_IS_INTEGER(value) ? (double)value->u.number.i : YAJL_IS_DOUBLE(value) ? value->u.number.d : 0;
}

bool
member_true(yajl_val object, const char *key)
{
	return YAJL_IS_TRUE(member(object, key));
}
