#include "config.h"

#include "client/client.h"

#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>

#include <stdarg.h>
#include <unistd.h>

#include "base/control_protocol.h"

struct client {
	FILE  *in;
	char  *line;
	size_t size;
};

int
client_open(const char *path, unsigned seconds, struct client **out)
{
	const struct timeval patience = { .tv_sec = (time_t)seconds };
	struct sockaddr_un sun = { .sun_family = AF_UNIX };
	struct client *c = calloc(1, sizeof(*c));
	int fd = c != NULL ? socket(AF_UNIX, SOCK_STREAM, 0) : -1, error;

	*out = c;
	strncpy(sun.sun_path, path, sizeof(sun.sun_path) - 1);
	if (fd != -1 && setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience)) == 0 &&
	    connect(fd, (struct sockaddr *)&sun, sizeof(sun)) == 0)
		c->in = fdopen(fd, "r");
	if (c != NULL && c->in != NULL)
		return 0;
	error = errno;
	if (fd != -1)
		close(fd);
	free(c);
	*out = NULL;
	return error;
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
client_ask(struct client *c, const char *fmt, ...)
{
	char line[CONTROL_LINE_MAX + 2];
	const int head = snprintf(line, sizeof(line), "{\"v\":%d,", CONTROL_VERSION);
	va_list args;
	ssize_t sent;
	int len;

	va_start(args, fmt);
	len = head + vsnprintf(line + head, sizeof(line) - (size_t)head, fmt, args) + 2;
	va_end(args);
	if (len > CONTROL_LINE_MAX + 1)
		return EMSGSIZE;
	memcpy(line + len - 2, "}\n", 2);
	sent = write(fileno(c->in), line, (size_t)len);
	return sent == len ? 0 : sent == -1 ? errno : EPIPE;
}

yajl_val
client_line(struct client *c, const char **text)
{
	if (getline(&c->line, &c->size, c->in) == -1)
		return NULL;
	if (text != NULL)
		*text = c->line;
	return yajl_tree_parse(c->line, NULL, 0);
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
