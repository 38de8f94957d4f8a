/*
 * A third kind of proxy that src does not know: this file has the kind, and stands in for proxy/kinds.c with its row.
 */
#include "config.h"

#include "proxy/handshake.h"

#include <sys/socket.h>

#include "../test.h"

/* The client sends "USER HOST:PORT\n"; the proxy answers "+" (connected), "!" (unknown user) or "-" (target refused). */
static enum handshake_status
plain_start(struct handshake *hs)
{
	hs->out_len = (size_t)snprintf((char *)hs->out, sizeof(hs->out), "%s %s:%u\n", hs->proxy->username, hs->target.host,
	    hs->target.port);
	hs->want = 1;
	return HANDSHAKE_MORE;
}

static enum handshake_status
plain_input(struct handshake *hs, const uint8_t *data, size_t len)
{
	hs->spoke = true;
	hs->admitted = data[0] != '!';
	if (data[0] == '+')
		return HANDSHAKE_DONE;
	return handshake_fail(hs, hs->admitted ? CLOSE_SOCKS_REFUSED : CLOSE_PROXY_AUTH, true);
}

static const char *
plain_refuse_credential(const char *text, bool is_username)
{
	if (!is_username)
		return "has no place in the protocol; remove it";
	return strchr(text, ' ') != NULL ? "cannot hold a space; write one without" : NULL;
}

static const struct handshake_ops plain_ops = { plain_start, plain_input };
static const struct proxy_kind proxy_plain = { "Plain", false, plain_refuse_credential, &plain_ops, false };

extern const struct proxy_kind proxy_socks5, proxy_http;
const struct proxy_kind *const proxy_kinds[] = { &proxy_socks5, &proxy_http, &proxy_plain, NULL };

static struct conf_report report;

static struct conf *
parse(const char *type, const char *more)
{
	char text[256];

	memset(&report, 0, sizeof(report));
	snprintf(text, sizeof(text), "{\"proxies\":[\n{\"id\":1,\"host\":\"p.example\",\"port\":7,\"proxy_type\":\"%s\"%s}]}", type,
	    more);
	return conf_parse("f", text, strlen(text), &report);
}

TEST(configuration_takes_the_third_kind_and_prints_its_name)
{
	struct conf *conf = parse("pLAIN", ",\"username\":\"u\"");
	char *text = NULL;
	size_t len;
	FILE *file = open_memstream(&text, &len);

	assert_non_null(conf);
	assert_ptr_equal(conf->proxies[0].kind, &proxy_plain);
	conf_print(file, conf);
	assert_int_equal(fclose(file), 0);
	assert_non_null(strstr(text, "\"proxy_type\": \"Plain\""));
	free(text);
	conf_free(conf);
}

TEST(configuration_refuses_what_the_kind_refuses_with_its_place)
{
	assert_null(parse("Plain", ",\"username\":\"a b\""));
	assert_string_equal(report.error, "f:2:69: proxies[0].username: the username for a proxy of type \"Plain\" cannot hold a "
	    "space; write one without");
	assert_null(parse("Plain", ",\"username\":\"a\",\"password\":\"secret\""));
	assert_string_equal(report.error, "f:2:84: proxies[0].password: the password for a proxy of type \"Plain\" has no place in "
	    "the protocol; remove it");
	assert_null(parse("Plane", ""));
	assert_non_null(strstr(report.error, "write \"Socks5\", \"Http\" or \"Plain\""));
}

/* Runs the driver against a proxy that answers with the text. end[0]: our side, end[1]: the proxy's. */
static enum handshake_status
connect_through(struct handshake *hs, const struct conf_proxy *proxy, int end[2], const char *answer)
{
	static const char request[] = "u h.example:443\n";
	const struct target target = { .host = "h.example", .port = 443 };
	char heard[sizeof(request)] = "";

	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, end), 0);
	assert_int_equal(handshake_begin(hs, proxy, &target), HANDSHAKE_MORE);
	assert_true(handshake_is_sending(hs));
	assert_int_equal(handshake_go_on(hs, end[0]), HANDSHAKE_MORE);
	assert_false(handshake_is_sending(hs));
	assert_int_equal(read(end[1], heard, sizeof(heard)), sizeof(request) - 1);
	assert_string_equal(heard, request);
	assert_int_equal(handshake_go_on(hs, end[0]), HANDSHAKE_MORE);  /* no answer yet */
	assert_int_equal(write(end[1], answer, strlen(answer)), strlen(answer));
	return handshake_go_on(hs, end[0]);
}

TEST(driver_connects_through_the_third_kind)
{
	struct conf *conf = parse("Plain", ",\"username\":\"u\"");
	struct handshake hs;
	char payload[8] = "";
	int end[2];

	assert_non_null(conf);
	assert_int_equal(connect_through(&hs, &conf->proxies[0], end, "+220 hi"), HANDSHAKE_DONE);
	assert_true(hs.admitted);
	assert_int_equal(read(end[0], payload, sizeof(payload)), 6);
	assert_string_equal(payload, "220 hi");
	close(end[0]);
	close(end[1]);
	conf_free(conf);
}

TEST(driver_tells_refusals_of_the_third_kind_apart)
{
	struct conf *conf = parse("Plain", ",\"username\":\"u\"");
	struct handshake hs;
	int end[2];

	assert_non_null(conf);
	assert_int_equal(connect_through(&hs, &conf->proxies[0], end, "-"), HANDSHAKE_FAILED);
	assert_int_equal(hs.reason, CLOSE_SOCKS_REFUSED);
	assert_true(hs.admitted);
	assert_false(handshake_blames_proxy(&hs));
	close(end[0]);
	close(end[1]);
	assert_int_equal(connect_through(&hs, &conf->proxies[0], end, "!"), HANDSHAKE_FAILED);
	assert_false(hs.admitted);
	assert_true(handshake_blames_proxy(&hs));
	close(end[0]);
	close(end[1]);
	conf_free(conf);
}

TEST(driver_asks_no_kind_without_udp_for_an_association)
{
	struct conf *conf = parse("Plain", ",\"username\":\"u\"");
	struct handshake hs;

	assert_non_null(conf);
	assert_int_equal(handshake_begin(&hs, &conf->proxies[0], &(struct target){ .associate = true }), HANDSHAKE_FAILED);
	assert_int_equal(hs.reason, CLOSE_SOCKS_COMMAND);
	assert_true(hs.try_next);
	assert_false(handshake_is_sending(&hs));
	conf_free(conf);
}

RUN_TESTS(NULL, NULL)
