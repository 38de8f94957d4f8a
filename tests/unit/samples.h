/* samples.h - what real clients said; see tests/samples. */
#ifndef SAMPLES_H
#define SAMPLES_H

#include <limits.h>

#define SAMPLE_MAX 16384

/* Reads tests/samples/name; gives its length. */
static inline size_t
sample_read(const char *name, uint8_t data[SAMPLE_MAX])
{
	char path[PATH_MAX];
	const char *top = getenv("top_srcdir");
	FILE *f;
	size_t len;

	snprintf(path, sizeof(path), "%s/tests/samples/%s", top != NULL ? top : "..", name);
	f = fopen(path, "rb");
	assert_non_null(f);
	len = fread(data, 1, SAMPLE_MAX, f);
	fclose(f);
	assert_in_range(len, 1, SAMPLE_MAX - 1);
	return len;
}

#endif
