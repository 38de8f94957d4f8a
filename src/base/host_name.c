#include "config.h"

#include "base/host_name.h"

#include <string.h>

#include "base/flow.h"

static bool
is_host_char(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' || c == '_';
}

bool
host_is_valid(const char *text)
{
	size_t len = strlen(text), n;

	if (len > 0 && text[len - 1] == '.')
		len--;
	if (len == 0 || len > HOST_MAX)
		return false;
	for (const char *label = text; label <= text + len; label += n + 1) {
		for (n = 0; is_host_char(label[n]); n++)
			continue;
		if (n == 0 || n > 63 || label[0] == '-' || label[n - 1] == '-' || (label[n] != '.' && label[n] != '\0'))
			return false;
	}
	return true;
}

bool
host_ends_in_number(const char *text)
{
	const char *last = strrchr(text, '.') != NULL ? strrchr(text, '.') + 1 : text;

	if (last[0] == '0' && (last[1] == 'x' || last[1] == 'X'))
		return last[2 + strspn(last + 2, "0123456789abcdefABCDEF")] == '\0';
	return *last != '\0' && last[strspn(last, "0123456789")] == '\0';
}
