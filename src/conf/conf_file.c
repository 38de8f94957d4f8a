#include "config.h"

#include "conf/conf_file.h"

#include <sys/stat.h>

#include <fcntl.h>
#include <pwd.h>
#include <unistd.h>

#include "conf/conf_internal.h"

#define NUMBER_MAX 24           /* a user's number as text, with the NUL */

static void
texts_add(struct conf_texts *texts, struct conf_text *text)
{
	if (texts->last == NULL)
		texts->first = text;
	else
		texts->last->next = text;
	texts->last = text;
	texts->size += sizeof(text->len) + text->len;
}

/* Reads fd to its end and adds the text. */
static int
text_read(int fd, struct conf_texts *texts)
{
	const size_t max = texts->size < CONF_FILE_MAX ? CONF_FILE_MAX - texts->size : 0;
	struct conf_text *text;
	struct stat st;
	size_t size;
	ssize_t n;
	int err = 0;

	if (fd < 0 || fstat(fd, &st) != 0)
		return errno;
	/* A pipe has no size: assume the largest one. Pages that are not written cost nothing. */
	size = st.st_size > 0 && (uintmax_t)st.st_size < max ? (size_t)st.st_size : max;
	if ((text = malloc(sizeof(*text) + size + 2)) == NULL)
		return ENOMEM;
	text->next = NULL;
	text->len = 0;
	while (err == 0 && (n = read(fd, text->bytes + text->len, size + 1 - text->len)) != 0) {
		if (n > 0 && (text->len += (size_t)n) > size)
			err = EFBIG;
		else if (n < 0 && errno != EINTR)
			err = errno;
	}
	text->bytes[text->len] = '\0';
	if (err == 0)
		texts_add(texts, text);
	else
		free(text);
	return err;
}

static int
user_read(const char *name, struct conf_texts *texts)
{
	const struct passwd *pw = getpwnam(name);
	struct conf_text *text = pw != NULL ? calloc(1, sizeof(*text) + NUMBER_MAX) : NULL;

	if (text == NULL)
		return pw != NULL ? ENOMEM : ENOENT;
	text->len = (size_t)snprintf(text->bytes, NUMBER_MAX, "%ju", (uintmax_t)pw->pw_uid);
	texts_add(texts, text);
	return 0;
}

static int
load(void *arg, const char *path, const char *user, const struct conf_text **text)
{
	struct conf_texts *texts = arg;
	int fd = path != NULL ? open(path, O_RDONLY | O_CLOEXEC) : -1;
	int err = path != NULL ? text_read(fd, texts) : user_read(user, texts);

	*text = texts->last;
	if (fd >= 0)
		close(fd);
	return err;
}

struct conf *
conf_load(const char *file, struct conf_texts *texts, struct conf_report *report)
{
	struct conf_reader reader = { .file = file, .report = report };
	struct json top = { .offset = 0 }, password = { .key = "password", .parent = &top };
	const struct conf_text *text;
	const char *found;
	struct stat st;
	int err = load(texts, file, NULL, &text);

	if (err != 0) {
		conf_fail_at(&reader, 0, NULL, "the file cannot be read (%s); make it readable, or name another one",
		    strerror(err));
		return NULL;
	}
	if (stat(file, &st) == 0 && (st.st_mode & S_IROTH) != 0 &&
	    (found = strstr(text->bytes, "\"password\"")) != NULL) {
		reader.text = text->bytes;
		password.offset = (uint32_t)(found - text->bytes);
		conf_warn(&reader, &password, "every user of this host can read the file; run chmod o-r on it");
	}
	return conf_parse_files(file, text->bytes, text->len, load, texts, report);
}

struct conf *
conf_load_aloud(const char *file, struct conf_texts *texts)
{
	struct conf_report report = { .nwarnings = 0 };
	struct conf *conf = conf_load(file, texts, &report);

	for (unsigned i = 0; i < report.nwarnings; i++)
		fprintf(stderr, "%s\n", report.warnings[i]);
	if (conf == NULL)
		fprintf(stderr, "%s\n", report.error);
	return conf;
}

void
conf_texts_free(struct conf_texts *texts)
{
	struct conf_text *text;

	while ((text = texts->first) != NULL) {
		texts->first = text->next;
		arena_wipe(text->bytes, text->len);
		free(text);
	}
	*texts = (struct conf_texts){ NULL, NULL, 0 };
}

int
conf_texts_fd(const struct conf_texts *texts)
{
	FILE *file = tmpfile();
	bool written = file != NULL;
	int fd = -1, error;

	for (const struct conf_text *text = texts->first; written && text != NULL; text = text->next)
		written = fwrite(&text->len, sizeof(text->len), 1, file) == 1 &&
		    fwrite(text->bytes, 1, text->len, file) == text->len;
	if (written && fflush(file) == 0 && fseek(file, 0, SEEK_SET) == 0)
		fd = fcntl(fileno(file), F_DUPFD_CLOEXEC, 0);
	error = errno;
	if (file != NULL)
		fclose(file);
	errno = error;
	return fd;
}

static bool
texts_receive(FILE *file, struct conf_texts *texts)
{
	struct conf_text *text;
	size_t len;

	setvbuf(file, NULL, _IONBF, 0);         /* no copy of a secret in a buffer */
	while (fread(&len, sizeof(len), 1, file) == 1) {
		if (len > CONF_FILE_MAX || (text = calloc(1, sizeof(*text) + len + 1)) == NULL)
			return false;
		text->len = len;
		texts_add(texts, text);
		if (fread(text->bytes, 1, len, file) != len)
			return false;
	}
	return texts->first != NULL;
}

static int
load_next(void *arg, const char *path, const char *user, const struct conf_text **text)
{
	const struct conf_text **last = arg;

	*text = *last = (*last)->next;
	return *text != NULL ? 0 : ENOENT;
}

struct conf *
conf_receive(int fd, struct conf_report *report)
{
	struct conf_reader reader = { .file = "configuration", .report = report };
	struct conf_texts texts = { NULL, NULL, 0 };
	FILE *file = fdopen(fd, "r");
	const struct conf_text *last;
	struct conf *conf = NULL;

	if (file != NULL && texts_receive(file, &texts)) {
		last = texts.first;
		conf = conf_parse_files(reader.file, last->bytes, last->len, load_next, &last, report);
	} else {
		conf_fail_at(&reader, 0, NULL, "the text from the helper was truncated");
	}
	if (file != NULL)
		fclose(file);
	else
		close(fd);
	conf_texts_free(&texts);
	return conf;
}
