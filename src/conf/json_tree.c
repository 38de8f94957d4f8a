#include "config.h"

#include "conf/conf_internal.h"

const char *const json_types[] = {
	[JSON_NULL] = "null",
	[JSON_BOOLEAN] = "true or false; write it without quotes",
	[JSON_NUMBER] = "a number; write digits without quotes",
	[JSON_STRING] = "a string; write it in double quotes",
	[JSON_ARRAY] = "a list; write it between [ and ]",
	[JSON_OBJECT] = "an object; write keys and values between { and }",
};

struct json *
json_add(struct conf_reader *r, struct json *parent, const char *key)
{
	struct json *node = conf_alloc(r, parent, 1, sizeof(*node));

	if (node == NULL || parent == NULL)
		return node;
	node->parent = parent;
	node->key = key;
	node->index = parent->count++;
	if (parent->last == NULL)
		parent->first = node;
	else
		parent->last->next = node;
	parent->last = node;
	return node;
}

struct json *
json_member(const struct json *object, const char *key)
{
	struct json *node = object->first;

	while (node != NULL && strcmp(node->key, key) != 0)
		node = node->next;
	return node;
}
