#include "config.h"

#include "conf/conf_internal.h"

#include <strings.h>

const char conf_required[] = "required";
const struct conf_number conf_port = { 1, 65535, CONF_UINT16 };

static int
json_compare(const void *a, const void *b)
{
	const struct json *x = *(const struct json *const *)a, *y = *(const struct json *const *)b;
	int order = strcmp(x->text, y->text);

	return order != 0 ? order : (x->offset > y->offset) - (x->offset < y->offset);
}

/* The member key of each object in the list (all have it), sorted by text, then by place. */
static const struct json **
json_sorted(struct conf_reader *r, const struct json *list, const char *key)
{
	const struct json **sorted = conf_alloc(r, list, list->count, sizeof(*sorted));

	if (sorted == NULL)
		return NULL;
	for (const struct json *node = list->first; node != NULL; node = node->next)
		sorted[node->index] = json_member(node, key);
	qsort(sorted, list->count, sizeof(*sorted), json_compare);
	return sorted;
}

/* True for a likely typing error: the words differ in at most two letters, next to each other. */
static bool
is_near(const char *a, const char *b)
{
	size_t m = strlen(a), n = strlen(b), longer = m > n ? m : n, all = n;

	for (; m > 0 && n > 0 && strncasecmp(&a[m - 1], &b[n - 1], 1) == 0; m--, n--)
		longer--;
	for (; m > 0 && n > 0 && strncasecmp(a, b, 1) == 0; a++, b++, m--, n--)
		longer--;
	return longer <= 2 && longer < all;
}

static int
check_key(struct conf_reader *r, const struct json *node, const struct conf_key *key)
{
	const char *near = NULL;

	for (; key->name != NULL; key++) {
		if (strcmp(key->name, node->key) == 0)
			return 0;
		if (near == NULL && is_near(node->key, key->name))
			near = key->name;
	}
	if (near != NULL)
		return conf_fail_at(r, node->key_offset, node, "this key is unknown; did you mean \"%s\"?", near);
	return conf_fail_at(r, node->key_offset, node, "this key is unknown here; remove it");
}

/* Adds the default of a key that the object leaves out. NULL: reported. */
static struct json *
add_default(struct conf_reader *r, struct json *object, const struct conf_key *key)
{
	struct json *node = json_add(r, object, key->name), *item;

	if (node == NULL)
		return NULL;
	node->type = key->type == JSON_NULL ? JSON_STRING : key->type;
	node->text = key->otherwise;
	node->len = (uint32_t)strlen(node->text);
	if (node->type != JSON_ARRAY)
		return node;
	for (const char *text = key->otherwise; *text != '\0'; text += strlen(text) + 1) {
		if ((item = json_add(r, node, NULL)) == NULL)
			return NULL;
		item->type = JSON_STRING;
		item->text = text;
		item->len = (uint32_t)strlen(text);
	}
	return node;
}

/* The length of the name of the type, without the cure behind it. */
static int
json_type_len(enum json_type type)
{
	return (int)strcspn(json_types[type], ";");
}

int
conf_read_value(struct conf_reader *r, struct json *node, const struct conf_key *key, void *base)
{
	void *field = (char *)base + key->offset;

	if (key->type != JSON_NULL && key->type != node->type)
		return conf_fail(r, node, "expected %.*s, found %.*s%s", json_type_len(key->type),
		    json_types[key->type], json_type_len(node->type), json_types[node->type],
		    strchr(json_types[key->type], ';'));
	if (key->read != NULL)
		return key->read(r, node, key, field);
	if (key->type == JSON_BOOLEAN)
		*(bool *)field = node->text[0] == 't';
	else
		*(const char **)field = node->text;
	return 0;
}

int
conf_read_object(struct conf_reader *r, struct json *object, const struct conf_key *table, void *base)
{
	struct json *node;
	int err;

	for (node = object->first; node != NULL; node = node->next)
		if ((err = check_key(r, node, table->arg)) != 0)
			return err;
	for (const struct conf_key *key = table->arg; key->name != NULL; key++) {
		node = json_member(object, key->name);
		if (node == NULL && key->otherwise == conf_required)
			return conf_fail(r, object, "the key \"%s\" is missing; add it", key->name);
		if (node == NULL && key->otherwise == NULL)
			continue;
		if (node == NULL && (node = add_default(r, object, key)) == NULL)
			return EINVAL;
		if ((err = conf_read_value(r, node, key, base)) != 0)
			return err;
	}
	return 0;
}

int
conf_read_list(struct conf_reader *r, struct json *node, const struct conf_key *key, void *field)
{
	const struct conf_list *list = key->arg;
	const struct json **sorted;
	const size_t count = node->count;
	char *items = conf_alloc(r, node, count, list->size);
	int err = 0;

	if (items == NULL)
		return EINVAL;
	memcpy(field, &items, sizeof(items));
	memcpy((char *)field + sizeof(items), &count, sizeof(count));
	for (struct json *item = node->first; err == 0 && item != NULL; item = item->next)
		err = conf_read_value(r, item, &list->item, items + item->index * list->size);
	if (err != 0 || list->unique == NULL)
		return err;
	if ((sorted = json_sorted(r, node, list->unique)) == NULL)
		return EINVAL;
	for (size_t i = 1; i < node->count; i++)
		if (strcmp(sorted[i]->text, sorted[i - 1]->text) == 0)
			return conf_fail(r, sorted[i], "the %s %s is used twice; write another one", list->unique,
			    sorted[i]->text);
	return 0;
}

int
conf_read_words(struct conf_reader *r, struct json *node, const struct conf_key *key, void *field)
{
	const char *const *words = key->arg;
	char choice[256] = "";
	size_t used = 0;

	for (int i = 0; words[i] != NULL; i++) {
		if (strcasecmp(words[i], node->text) == 0) {
			node->text = words[i];
			*(int *)field = i;
			return 0;
		}
		used += (size_t)snprintf(choice + used, sizeof(choice) - used, "%s\"%s\"",
		    i == 0 ? "" : words[i + 1] == NULL ? " or " : ", ", words[i]);
	}
	return conf_fail(r, node, "\"%.60s\" is not one of its values; write %s", node->text, choice);
}

int
conf_read_number(struct conf_reader *r, struct json *node, const struct conf_key *key, void *field)
{
	const struct conf_number *kind = key->arg;
	double number = strtod(node->text, NULL);

	if (kind->field != CONF_DOUBLE && strspn(node->text, "-0123456789") != node->len)
		return conf_fail(r, node, "%.40s is not a whole number; write digits only", node->text);
	if (!(number >= kind->min && number <= kind->max))
		return conf_fail(r, node, "%.40s is out of range; write a number from %.10g to %.10g", node->text,
		    kind->min, kind->max);
	if (kind->field == CONF_DOUBLE)
		*(double *)field = number;
	else if (kind->field == CONF_UINT16)
		*(uint16_t *)field = (uint16_t)number;
	else
		*(unsigned *)field = (unsigned)number;
	return 0;
}
