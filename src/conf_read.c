#include "config.h"

#include "conf.h"

#include <sys/stat.h>

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "arena.h"
#include "conf_json.h"

#define FIRST_READ 65536u

/* Reads to the end of fd. What was read so far is wiped when it moves to a larger place. */
static int
read_all(int fd, char **text, size_t *len)
{
	size_t size = FIRST_READ;
	char *larger;
	ssize_t n;

	*len = 0;
	if ((*text = malloc(size + 1)) == NULL)
		return ENOMEM;
	while ((n = read(fd, *text + *len, size - *len)) != 0) {
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return errno;
		if ((*len += (size_t)n) < size)
			continue;
		if (size > CONF_FILE_MAX)
			return EFBIG;
		if ((larger = malloc(size * 2 + 1)) == NULL)
			return ENOMEM;
		memcpy(larger, *text, *len);
		conf_text_free(*text, *len);
		*text = larger;
		size *= 2;
	}
	(*text)[*len] = '\0';
	return 0;
}

static void
warn_readable(const char *file, const char *text, const struct stat *st, struct conf_report *report)
{
	const char *password = strstr(text, "\"password\"");
	size_t line, column;

	if ((st->st_mode & S_IROTH) == 0 || password == NULL || report->nwarnings == CONF_WARNINGS_MAX)
		return;
	json_position(text, (size_t)(password - text), &line, &column);
	snprintf(report->warnings[report->nwarnings++], sizeof(report->warnings[0]),
	    "%s:%zu:%zu: password: every user of this host can read the file; run chmod o-r on it", file, line, column);
}

int
conf_read(const char *file, char **text, size_t *len, struct conf_report *report)
{
	struct stat st;
	int fd = open(file, O_RDONLY | O_CLOEXEC), err = 0;

	*text = NULL;
	*len = 0;
	if (fd < 0 || fstat(fd, &st) != 0)
		err = errno;
	else
		err = read_all(fd, text, len);
	if (fd >= 0)
		close(fd);
	if (err == 0) {
		warn_readable(file, *text, &st, report);
		return 0;
	}
	conf_text_free(*text, *len);
	*text = NULL;
	snprintf(report->error, sizeof(report->error),
	    "%s:1:1: (top): the file cannot be read (%s); make it readable, or name another one", file, strerror(err));
	return err;
}

void
conf_text_free(char *text, size_t len)
{
	if (text != NULL)
		arena_wipe(text, len);
	free(text);
}
