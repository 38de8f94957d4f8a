#include "config.h"

#include "ctl/ctl.h"

#include <fcntl.h>
#include <unistd.h>

char *
ctl_read(const char *path, size_t *len, struct stat *st)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK); /* a pipe would block */
	char *text = NULL;
	ssize_t n = 0;

	*len = 0;
	if (fd == -1)
		return NULL;
	if (fstat(fd, st) == 0 && !S_ISREG(st->st_mode))
		errno = EINVAL;
	else if (st->st_size > CTL_FILE_MAX)
		errno = EFBIG;
	else
		text = malloc((size_t)st->st_size + 1);
	while (text != NULL && *len < (size_t)st->st_size &&
	    (n = read(fd, text + *len, (size_t)st->st_size - *len)) > 0)
		*len += (size_t)n;
	if (n == -1) {
		free(text);
		text = NULL;
	}
	if (text != NULL)
		text[*len] = '\0';
	close(fd);
	return text;
}
