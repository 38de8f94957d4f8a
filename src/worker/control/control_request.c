#include "config.h"

#include "worker/control/control_request.h"

#include <stdarg.h>

#include <yajl/yajl_tree.h>

static int __attribute__((format(printf, 3, 4)))
refuse(char *error, size_t size, const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	vsnprintf(error, size, fmt, args);
	va_end(args);
	return EINVAL;
}

/* A whole number of 1 to max. */
static bool
take_number(yajl_val value, uint64_t max, uint64_t *out)
{
	if (!YAJL_IS_INTEGER(value) || value->u.number.i < 1 || (uint64_t)value->u.number.i > max)
		return false;
	*out = (uint64_t)value->u.number.i;
	return true;
}

/* Text of 1 to max bytes. */
static bool
take_text(yajl_val value, size_t max, char *out)
{
	if (!YAJL_IS_STRING(value) || value->u.string[0] == '\0' || strlen(value->u.string) > max)
		return false;
	strcpy(out, value->u.string);
	return true;
}

static bool
take_protocol(yajl_val value, int *out)
{
	if (!YAJL_IS_STRING(value))
		return false;
	*out = strcmp(value->u.string, "tcp") == 0 ? IPPROTO_TCP :
	    strcmp(value->u.string, "udp") == 0 ? IPPROTO_UDP : 0;
	return *out != 0;
}

static bool
take_bool(yajl_val value, bool *out)
{
	*out = YAJL_IS_TRUE(value);
	return YAJL_IS_TRUE(value) || YAJL_IS_FALSE(value);
}

/* What the member must be; NULL: it is. */
static const char *
take_member(const char *key, yajl_val value, struct control_request *out)
{
	uint64_t number = 0;
	bool good;

	if (strcmp(key, "v") == 0)
		return take_number(value, CONTROL_VERSION, &number) ? NULL : "the version 1";
	if (strcmp(key, "verb") == 0)
		return take_text(value, CONTROL_VERB_MAX, out->verb) ? NULL : "a verb, like \"status\"";
	if (strcmp(key, "id") == 0)
		return take_number(value, INT64_MAX, &out->id) ? NULL : "the number of a flow";
	if (strcmp(key, "host") == 0)
		return take_text(value, HOST_MAX, out->host) ? NULL : "a name or address";
	if (strcmp(key, "port") == 0) {
		good = take_number(value, UINT16_MAX, &number);
		out->port = (uint16_t)number;
		return good ? NULL : "a port from 1 to 65535";
	}
	if (strcmp(key, "protocol") == 0)
		return take_protocol(value, &out->protocol) ? NULL : "\"tcp\" or \"udp\"";
	if (strcmp(key, "watch") == 0)
		return take_bool(value, &out->watch) ? NULL : "true or false";
	if (strcmp(key, "all") == 0)
		return take_bool(value, &out->all) ? NULL : "true or false";
	return "left out: there is no such member";
}

static int
take_object(yajl_val root, struct control_request *out, char *error, size_t error_size)
{
	const char *must;

	if (!YAJL_IS_OBJECT(root))
		return refuse(error, error_size, "a request is an object, like {\"v\":1,\"verb\":\"status\"}");
	for (size_t i = 0; i < root->u.object.len; i++) {
		must = take_member(root->u.object.keys[i], root->u.object.values[i], out);
		if (must != NULL)
			return refuse(error, error_size, "\"%.20s\" must be %s", root->u.object.keys[i], must);
	}
	if (out->verb[0] == '\0')
		return refuse(error, error_size, "the request has no \"verb\"; name one, like \"status\"");
	return 0;
}

int
control_request_parse(const char *line, size_t len, struct control_request *out, char *error, size_t error_size)
{
	char text[CONTROL_LINE_MAX + 1];
	yajl_val root;
	int err;

	memset(out, 0, sizeof(*out));
	if (len > CONTROL_LINE_MAX || memchr(line, '\0', len) != NULL)
		return refuse(error, error_size, "a request is one line of text, %d bytes at most", CONTROL_LINE_MAX);
	memcpy(text, line, len);
	text[len] = '\0';
	root = yajl_tree_parse(text, NULL, 0);
	if (root == NULL)
		return refuse(error, error_size, "not JSON; write an object, like {\"v\":1,\"verb\":\"status\"}");
	err = take_object(root, out, error, error_size);
	yajl_tree_free(root);
	return err;
}
