#include "config.h"

#include "conf_key.h"

#include <pwd.h>

int
conf_users_resolve(struct conf *conf, const char *file, const char *text, struct conf_report *report)
{
	struct conf_reader reader = { .file = file, .text = text, .conf = conf, .report = report };
	const struct json *node = json_member(conf->tree, "rules")->first;
	const struct passwd *pw;

	for (struct conf_rule *rule = conf->rules; node != NULL; rule++, node = node->next) {
		if (rule->user == NULL || rule->uid != (uid_t)-1)
			continue;
		if ((pw = getpwnam(rule->user)) == NULL)
			return conf_fail(&reader, json_member(node, "user"),
			    "this host knows no user \"%s\"; write the name of one, or a number like \"1001\"", rule->user);
		rule->uid = pw->pw_uid;
	}
	return 0;
}
