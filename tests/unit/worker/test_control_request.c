#include "config.h"

#include "../test.h"

#include "worker/control/control_request.h"

static struct control_request request;
static char error[160];

static int
parse(const char *line)
{
	error[0] = '\0';
	return control_request_parse(line, strlen(line), &request, error, sizeof(error));
}

static void
assert_refused(const char *line, const char *sentence)
{
	assert_int_equal(parse(line), EINVAL);
	assert_non_null(strstr(error, sentence));
}

TEST(request_members_are_read)
{
	assert_int_equal(parse("{\"v\":1,\"verb\":\"test\",\"host\":\"a.example\",\"port\":65535,\"protocol\":\"udp\"}"), 0);
	assert_string_equal(request.verb, "test");
	assert_string_equal(request.host, "a.example");
	assert_int_equal(request.port, 65535);
	assert_int_equal(request.protocol, IPPROTO_UDP);
	assert_int_equal(parse("{\"verb\":\"connections\",\"watch\":true,\"all\":false,\"id\":9007199254740993}"), 0);
	assert_true(request.watch);
	assert_false(request.all);
	assert_true(request.id == 9007199254740993u);
}

TEST(request_without_verb_is_refused)
{
	assert_refused("{}", "no \"verb\"");
	assert_refused("{\"verb\":\"\"}", "\"verb\" must be");
	assert_refused("{\"verb\":\"a-verb-that-is-too-long\"}", "\"verb\" must be");
}

TEST(request_of_another_version_is_refused)
{
	assert_refused("{\"v\":2,\"verb\":\"status\"}", "the version 1");
}

TEST(request_with_bad_values_is_refused)
{
	assert_refused("{\"verb\":\"kill\",\"id\":0}", "\"id\"");
	assert_refused("{\"verb\":\"kill\",\"id\":-1}", "\"id\"");
	assert_refused("{\"verb\":\"kill\",\"id\":1.5}", "\"id\"");
	assert_refused("{\"verb\":\"test\",\"port\":65536}", "\"port\"");
	assert_refused("{\"verb\":\"test\",\"protocol\":\"icmp\"}", "\"protocol\"");
	assert_refused("{\"verb\":\"connections\",\"watch\":1}", "\"watch\"");
	assert_refused("{\"verb\":\"status\",\"verbose\":true}", "left out");
}

TEST(request_that_is_no_object_is_refused)
{
	static const char nul[] = "{\"verb\":\"status\"}\0";
	char deep[CONTROL_LINE_MAX + 2];

	assert_refused("", "not JSON");
	assert_refused("[1]", "a request is an object");
	assert_refused("{\"verb\":\"status\"", "not JSON");
	assert_refused("{\"verb\":\"status\"} x", "not JSON");
	assert_int_equal(control_request_parse(nul, sizeof(nul), &request, error, sizeof(error)), EINVAL);
	memset(deep, '[', sizeof(deep));
	assert_int_equal(control_request_parse(deep, CONTROL_LINE_MAX, &request, error, sizeof(error)), EINVAL);
	assert_int_equal(control_request_parse(deep, CONTROL_LINE_MAX + 1, &request, error, sizeof(error)), EINVAL);
}

RUN_TESTS(NULL, NULL)
