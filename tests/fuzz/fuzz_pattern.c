#include "config.h"

#include "conf/matcher.h"
#include "conf/rule.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Input: a pattern, a NUL, a host name. A refusal has a sentence; an address pattern matches no name; a match
 * does not depend on case or on the final dot; a name matches itself. */
int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char error[256] = "", *text = calloc(1, size + 3), *host, *dotted;
	struct pattern pattern;
	struct conf_rule rule = { .enabled = true, .patterns = &pattern, .npatterns = 1 };
	struct conf conf = { .rules = &rule, .nrules = 1 };
	struct rule_query q = { .proto = IPPROTO_TCP };
	bool matches;

	if (text == NULL)
		return 0;
	memcpy(text, data, size);
	host = text + strlen(text) + 1;
	if (host > text + size)
		host = text + size;
	if (pattern_parse(&conf.arena, text, &pattern, error, sizeof(error)) != 0) {
		if (error[0] == '\0')
			abort();
		arena_free(&conf.arena);
		free(text);
		return 0;
	}
	if ((conf.matcher = matcher_new(&conf.arena, &rule, 1)) == NULL)
		abort();
	q.host = pattern.text;
	if ((pattern.kind == PATTERN_NAME || pattern.kind == PATTERN_TREE) && rule_match(&conf, &q).rule != &rule)
		abort();
	q.host = host;
	matches = rule_match(&conf, &q).rule == &rule;
	if (matches && pattern.kind == PATTERN_NETWORK)
		abort();
	if (host_is_valid(host) && (dotted = calloc(1, strlen(host) + 2)) != NULL) {
		for (size_t i = 0; host[i] != '\0'; i++)
			dotted[i] = host[i] >= 'a' && host[i] <= 'z' ? (char)(host[i] - 'a' + 'A') : host[i];
		if (host[strlen(host) - 1] != '.')
			dotted[strlen(host)] = '.';
		q.host = dotted;
		if ((rule_match(&conf, &q).rule == &rule) != matches)
			abort();
		free(dotted);
	}
	arena_free(&conf.arena);
	free(text);
	return 0;
}
