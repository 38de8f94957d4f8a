#include "config.h"

#include "proxy/handshake.h"

#include "../test.h"

extern const struct proxy_kind proxy_http;

static const struct conf_proxy open_proxy = { .host = "proxy", .port = 3128, .kind = &proxy_http };

static struct handshake hs;

static enum handshake_status
begin(const struct conf_proxy *proxy, const char *host, const char *ip)
{
	memset(&hs, 0, sizeof(hs));
	hs.proxy = proxy;
	hs.target.host = host;
	hs.target.port = 443;
	if (ip != NULL)
		assert_int_equal(addr_parse(ip, 443, &hs.target.addr), 0);
	return proxy_http.handshake->start(&hs);
}

static void
expect_out(const char *text)
{
	assert_int_equal(hs.out_len, strlen(text));
	assert_memory_equal(hs.out, text, strlen(text));
}

/* Like the driver: passes at most `piece` more bytes of the text, then removes those that were used. */
static enum handshake_status
feed(const char *text, size_t piece, size_t *used)
{
	enum handshake_status status = HANDSHAKE_MORE;
	size_t len = strlen(text);

	for (*used = 0; *used < len && status == HANDSHAKE_MORE; *used += hs.used) {
		size_t n = len - *used;

		n = n > piece ? piece : n;
		n = n > hs.want ? hs.want : n;
		assert_true(n > 0);
		status = proxy_http.handshake->input(&hs, (const uint8_t *)text + *used, n);
		assert_true(hs.used > 0 && hs.used <= n);
	}
	return status;
}

static void
expect_failure(const struct conf_proxy *proxy, const char *reply, enum close_reason reason)
{
	size_t used;

	assert_int_equal(begin(proxy, "h.example", NULL), HANDSHAKE_MORE);
	assert_int_equal(feed(reply, HANDSHAKE_IN_MAX, &used), HANDSHAKE_FAILED);
	assert_int_equal(hs.reason, reason);
	assert_true(hs.try_next);
}

TEST(asks_by_name)
{
	assert_int_equal(begin(&open_proxy, "a.example", "192.0.2.1"), HANDSHAKE_MORE);
	expect_out("CONNECT a.example:443 HTTP/1.1\r\nHost: a.example:443\r\n\r\n");
}

TEST(asks_by_address)
{
	begin(&open_proxy, NULL, "192.0.2.1");
	expect_out("CONNECT 192.0.2.1:443 HTTP/1.1\r\nHost: 192.0.2.1:443\r\n\r\n");
	begin(&open_proxy, NULL, "2001:db8::1");
	expect_out("CONNECT [2001:db8::1]:443 HTTP/1.1\r\nHost: [2001:db8::1]:443\r\n\r\n");
}

TEST(sends_basic_credentials)
{
	/* RFC 7617 section 2, and the three lengths of RFC 4648 section 10 */
	static const char *const cases[][3] = {
		{ "Aladdin", "open sesame", "QWxhZGRpbjpvcGVuIHNlc2FtZQ==" },
		{ "f", "o", "Zjpv" }, { "f", NULL, "Zjo=" }, { "fo", "\xff\xfe", "Zm86//4=" }, { "foo", "b", "Zm9vOmI=" },
	};
	char text[256];

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct conf_proxy proxy = { .host = "proxy", .username = cases[i][0], .password = cases[i][1] };

		begin(&proxy, "h", NULL);
		snprintf(text, sizeof(text), "CONNECT h:443 HTTP/1.1\r\nHost: h:443\r\n"
		    "Proxy-Authorization: Basic %s\r\n\r\n", cases[i][2]);
		expect_out(text);
	}
}

TEST(longest_credentials_fit)
{
	char field[256], host[HOST_MAX + 1];
	struct conf_proxy proxy = { .host = "proxy", .username = field, .password = field };

	memset(field, 'p', sizeof(field) - 1);
	field[255] = '\0';
	memset(host, 'h', HOST_MAX);
	host[HOST_MAX] = '\0';
	assert_int_equal(begin(&proxy, host, NULL), HANDSHAKE_MORE);
	assert_memory_equal(hs.out + hs.out_len - 4, "\r\n\r\n", 4);
}

TEST(overlong_credentials_are_not_sent_in_part)
{
	char field[2000];
	struct conf_proxy proxy = { .host = "proxy", .username = "u", .password = field };

	memset(field, 'p', sizeof(field) - 1);
	field[sizeof(field) - 1] = '\0';
	assert_int_equal(begin(&proxy, "h", NULL), HANDSHAKE_FAILED);
	assert_int_equal(hs.reason, CLOSE_PROXY_AUTH);
}

TEST(host_cannot_write_header_lines)
{
	static const char *const hosts[] = { "h\r\nX: y", "h y", "h\ty", "h/y", "h@y", "h:1" };

	for (size_t i = 0; i < sizeof(hosts) / sizeof(hosts[0]); i++) {
		assert_int_equal(begin(&open_proxy, hosts[i], NULL), HANDSHAKE_FAILED);
		assert_int_equal(hs.reason, CLOSE_NO_DESTINATION);
		assert_false(hs.try_next);
	}
}

/* Each form of head, in pieces of every size, with payload right behind it. */
TEST(takes_exactly_the_head)
{
	static const char *const heads[] = {
		"HTTP/1.1 200 Connection established\r\n\r\n",
		"HTTP/1.0 200 OK\r\nProxy-Agent: x\r\nContent-Length: 5\r\n\r\n",
		"HTTP/1.1 204\r\n\r\n",
		"HTTP/1.1 200 OK\nA: b\n\n",
		"HTTP/1.1 200 OK\r\nA: b\n\r\n",
		"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Hints\r\nLink: x\r\n\r\nHTTP/1.1 200 OK\r\n\r\n",
	};
	char text[256];

	for (size_t i = 0; i < sizeof(heads) / sizeof(heads[0]); i++) {
		snprintf(text, sizeof(text), "%s\r\n\r\n220 hello\r\n\r\n", heads[i]);
		for (size_t piece = 1; piece <= strlen(text); piece++) {
			size_t used;

			begin(&open_proxy, "h", NULL);
			assert_true(hs.peek);
			assert_int_equal(feed(text, piece, &used), HANDSHAKE_DONE);
			assert_int_equal(used, strlen(heads[i]));
		}
	}
}

TEST(refusals_have_their_reasons)
{
	struct conf_proxy proxy = { .host = "proxy", .username = "u", .password = "p" };

	expect_failure(&open_proxy, "HTTP/1.1 407 No\r\n\r\n", CLOSE_PROXY_METHOD);
	expect_failure(&proxy, "HTTP/1.1 407 No\r\n\r\n", CLOSE_PROXY_AUTH);
	expect_failure(&proxy, "HTTP/1.0 401 No\r\n\r\n", CLOSE_PROXY_AUTH);
	expect_failure(&open_proxy, "HTTP/1.1 101 Switch\r\n\r\n", CLOSE_HTTP_STATUS);
	expect_failure(&open_proxy, "HTTP/1.1 302 Found\r\n\r\n", CLOSE_HTTP_STATUS);
	expect_failure(&open_proxy, "HTTP/1.1 403 No\r\n\r\n", CLOSE_HTTP_STATUS);
	expect_failure(&open_proxy, "HTTP/1.1 502 Bad\r\n\r\n", CLOSE_HTTP_STATUS);
	expect_failure(&open_proxy, "HTTP/1.1 504 Late\r\n\r\n", CLOSE_HTTP_STATUS);
	assert_true(hs.spoke);
}

TEST(other_protocols_are_refused_at_their_first_byte)
{
	size_t used;

	begin(&open_proxy, "h", NULL);
	assert_int_equal(feed("SSH-2.0-x\r\n", 1, &used), HANDSHAKE_FAILED);
	assert_int_equal(used, 1);
	assert_int_equal(hs.reason, CLOSE_PROXY_PROTOCOL);
	expect_failure(&open_proxy, "\r\n", CLOSE_PROXY_PROTOCOL);
	expect_failure(&open_proxy, "HTTP/2.0 200 OK\r\n\r\n", CLOSE_PROXY_PROTOCOL);
	assert_false(hs.spoke);
}

TEST(malformed_status_lines_are_refused)
{
	static const char *const heads[] = {
		"HTTP/1.\r\n\r\n", "HTTP/1.x 200 OK\r\n\r\n", "HTTP/1.1  200 OK\r\n\r\n", "HTTP/1.1 20\r\n\r\n",
		"HTTP/1.1 2000 OK\r\n\r\n", "HTTP/1.1 2a0 OK\r\n\r\n", "HTTP/1.1 099 OK\r\n\r\n",
	};

	for (size_t i = 0; i < sizeof(heads) / sizeof(heads[0]); i++)
		expect_failure(&open_proxy, heads[i], CLOSE_PROXY_PROTOCOL);
}

TEST(head_is_bounded)
{
	static char text[HANDSHAKE_IN_MAX + 100];
	size_t used;

	memset(text, 'x', sizeof(text) - 1);
	memcpy(text, "HTTP/1.1 200 OK\r\n", 17);
	begin(&open_proxy, "h", NULL);
	assert_int_equal(feed(text, 1000, &used), HANDSHAKE_FAILED);
	assert_int_equal(used, HANDSHAKE_IN_MAX);
	assert_int_equal(hs.reason, CLOSE_PROXY_PROTOCOL);

	memcpy(text + HANDSHAKE_IN_MAX - 4, "\r\n\r\n", 4);
	begin(&open_proxy, "h", NULL);
	assert_int_equal(feed(text, 1000, &used), HANDSHAKE_DONE);
	assert_int_equal(used, HANDSHAKE_IN_MAX);
}

TEST(association_is_more_than_http_can_do)
{
	assert_int_equal(handshake_begin(&hs, &open_proxy, &(struct target){ .associate = true }), HANDSHAKE_FAILED);
	assert_int_equal(hs.reason, CLOSE_SOCKS_COMMAND);
	assert_true(hs.try_next);
}

RUN_TESTS(NULL, NULL)
