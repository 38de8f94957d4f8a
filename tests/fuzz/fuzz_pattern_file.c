#include "config.h"

#include "conf/conf_file.h"
#include "conf/rule.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static int
give(void *arg, const char *path, const char *user, const struct conf_text **text)
{
	(void)user;
	if (strcmp(path, "dir/list") != 0)
		abort();
	*text = arg;
	return 0;
}

/* The input is the list of a rule. A refusal is one line; each name in a list that is accepted matches. */
int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const char json[] = "{\"rules\":[{\"id\":1,\"pattern_file\":\"list\",\"action\":\"block\"}]}";
	static struct conf_report report;
	struct conf_text *list = calloc(1, sizeof(*list) + size + 1);
	struct conf *conf;

	if (list == NULL)
		return 0;
	memset(&report, 0, sizeof(report));
	memcpy(list->bytes, data, size);
	list->len = size;
	conf = conf_parse_files("dir/conf", json, strlen(json), give, list, &report);
	if (conf == NULL && (strncmp(report.error, "dir/", 4) != 0 || strpbrk(report.error, "\r\n") != NULL))
		abort();
	for (size_t i = 0; conf != NULL && i < conf->rules[0].npatterns; i++) {
		const struct pattern *p = &conf->rules[0].patterns[i];
		const struct rule_query q = { .host = p->text, .proto = IPPROTO_TCP, .user = RULE_USER_UNKNOWN };

		if (p->kind == PATTERN_NAME && rule_match(conf, &q).action != ACTION_BLOCK)
			abort();
	}
	conf_free(conf);
	free(list);
	return 0;
}
