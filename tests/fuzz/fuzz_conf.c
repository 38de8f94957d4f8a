#include "config.h"

#include "conf/conf.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static char *
printed(const struct conf *conf)
{
	char *text = NULL;
	size_t len;
	FILE *f = open_memstream(&text, &len);

	if (f == NULL)
		abort();
	conf_print(f, conf);
	fclose(f);
	return text;
}

/* An accepted text is printed as a text that is accepted and printed the same. A refusal is one line. */
int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct conf_report report;
	struct conf *conf, *again;
	char *first, *second;

	memset(&report, 0, sizeof(report));
	conf = conf_parse("fuzz", (const char *)data, size, &report);
	if (conf == NULL) {
		if (strncmp(report.error, "fuzz:", 5) != 0 || strpbrk(report.error, "\r\n") != NULL)
			abort();
		return 0;
	}
	first = printed(conf);
	again = conf_parse("again", first, strlen(first), &report);
	if (again == NULL)
		abort();
	second = printed(again);
	if (strcmp(first, second) != 0)
		abort();
	free(first);
	free(second);
	conf_free(conf);
	conf_free(again);
	return 0;
}
