#include "config.h"

#include "base/host_name.h"

#include <strings.h>

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
		if (n == 0 || n > 63 || (label[n] != '.' && label[n] != '\0'))
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

bool
host_is_dialable(const char *text)
{
	static const char *const local[] = { ".localhost", ".localdomain", ".localdomain4", ".localdomain6", ".local",
		".home.arpa", ".internal" };
	char host[HOST_MAX + 1] = "";
	size_t len = strlen(text);

	if (!host_is_valid(text))
		return false;
	if (text[len - 1] == '.')
		len--;
	memcpy(host, text, len);
	if (strchr(host, '.') == NULL || host_ends_in_number(host) || strcasecmp(host, "home.arpa") == 0)
		return false;
	for (size_t i = 0; i < sizeof(local) / sizeof(local[0]); i++)
		if (len > strlen(local[i]) && strcasecmp(host + len - strlen(local[i]), local[i]) == 0)
			return false;
	return true;
}
