#include "config.h"

#include "proxy/handshake.h"

#include "../test.h"

extern const struct proxy_kind proxy_socks5;

static const struct conf_proxy open_proxy = { .host = "proxy", .port = 1080 };
static const struct conf_proxy password_proxy = { .host = "proxy", .port = 1080, .username = "user", .password = "secret" };

static struct handshake hs;

static void
begin(const struct conf_proxy *proxy, const char *host, const char *ip)
{
	memset(&hs, 0, sizeof(hs));
	hs.proxy = proxy;
	hs.target.host = host;
	hs.target.port = 443;
	if (ip != NULL)
		assert_int_equal(addr_parse(ip, 443, &hs.target.addr), 0);
	assert_int_equal(proxy_socks5.handshake->start(&hs), HANDSHAKE_MORE);
}

static void
expect_out(const void *bytes, size_t len)
{
	assert_int_equal(hs.out_len, len);
	assert_memory_equal(hs.out, bytes, len);
	hs.out_len = 0;
}
#define EXPECT_OUT(text) expect_out(text, sizeof(text) - 1)

/* Like the driver: passes at most `want` and at most `piece` bytes; *used: the number of bytes taken. */
static enum handshake_status
feed(const void *bytes, size_t len, size_t piece, size_t *used)
{
	enum handshake_status status = HANDSHAKE_MORE;

	for (*used = 0; *used < len && status == HANDSHAKE_MORE;) {
		size_t n = hs.want;

		assert_true(n > 0 && n <= HANDSHAKE_IN_MAX);
		n = n > piece ? piece : n;
		n = n > len - *used ? len - *used : n;
		status = proxy_socks5.handshake->input(&hs, (const uint8_t *)bytes + *used, n);
		*used += n;
	}
	return status;
}

static enum handshake_status
answer(const void *bytes, size_t len)
{
	size_t used;

	return feed(bytes, len, len, &used);
}
#define ANSWER(text) answer(text, sizeof(text) - 1)

TEST(offers_only_no_auth_without_user_name)
{
	begin(&open_proxy, "a.example", NULL);
	EXPECT_OUT("\x05\x01\x00");
}

TEST(offers_both_methods_with_user_name)
{
	begin(&password_proxy, "a.example", NULL);
	EXPECT_OUT("\x05\x02\x00\x02");
}

TEST(asks_by_name_where_one_is_known)
{
	begin(&open_proxy, "a.example", "192.0.2.1");
	hs.out_len = 0;
	assert_int_equal(ANSWER("\x05\x00"), HANDSHAKE_MORE);
	EXPECT_OUT("\x05\x01\x00\x03\x09" "a.example" "\x01\xbb");
}

TEST(asks_by_ipv4_address)
{
	begin(&open_proxy, NULL, "192.0.2.1");
	hs.out_len = 0;
	assert_int_equal(ANSWER("\x05\x00"), HANDSHAKE_MORE);
	EXPECT_OUT("\x05\x01\x00\x01\xc0\x00\x02\x01\x01\xbb");
}

TEST(asks_by_ipv6_address)
{
	begin(&open_proxy, NULL, "2001:db8::1");
	hs.out_len = 0;
	assert_int_equal(ANSWER("\x05\x00"), HANDSHAKE_MORE);
	EXPECT_OUT("\x05\x01\x00\x04\x20\x01\x0d\xb8\0\0\0\0\0\0\0\0\0\0\0\x01\x01\xbb");
}

TEST(longest_host_name_fits)
{
	char host[HOST_MAX + 1];

	memset(host, 'a', HOST_MAX);
	host[HOST_MAX] = '\0';
	begin(&open_proxy, host, NULL);
	hs.out_len = 0;
	assert_int_equal(ANSWER("\x05\x00"), HANDSHAKE_MORE);
	assert_int_equal(hs.out_len, 5 + HOST_MAX + 2);
	assert_int_equal(hs.out[4], HOST_MAX);
}

TEST(target_without_name_and_address_fails)
{
	begin(&open_proxy, NULL, NULL);
	hs.out_len = 0;
	assert_int_equal(ANSWER("\x05\x00"), HANDSHAKE_FAILED);
	assert_int_equal(hs.reason, CLOSE_NO_DESTINATION);
	assert_false(hs.try_next);
}

TEST(sends_password_only_when_asked)
{
	begin(&password_proxy, "h", NULL);
	hs.out_len = 0;
	assert_int_equal(ANSWER("\x05\x00"), HANDSHAKE_MORE);
	EXPECT_OUT("\x05\x01\x00\x03\x01h\x01\xbb");

	begin(&password_proxy, "h", NULL);
	hs.out_len = 0;
	assert_int_equal(ANSWER("\x05\x02"), HANDSHAKE_MORE);
	EXPECT_OUT("\x01\x04user\x06secret");
	assert_int_equal(ANSWER("\x01\x00"), HANDSHAKE_MORE);
	EXPECT_OUT("\x05\x01\x00\x03\x01h\x01\xbb");
}

TEST(refused_password_is_an_auth_failure)
{
	begin(&password_proxy, "h", NULL);
	hs.out_len = 0;
	ANSWER("\x05\x02");
	hs.out_len = 0;
	assert_int_equal(ANSWER("\x01\x01"), HANDSHAKE_FAILED);
	assert_int_equal(hs.reason, CLOSE_PROXY_AUTH);
	assert_true(hs.try_next);
}

TEST(overlong_password_is_not_sent)
{
	char text[300];
	struct conf_proxy proxy = { .host = "proxy", .username = "user", .password = text };

	memset(text, 'p', sizeof(text));
	text[256] = '\0';
	begin(&proxy, "h", NULL);
	hs.out_len = 0;
	assert_int_equal(ANSWER("\x05\x02"), HANDSHAKE_FAILED);
	assert_int_equal(hs.reason, CLOSE_PROXY_AUTH);
	text[255] = '\0';
	begin(&proxy, "h", NULL);
	hs.out_len = 0;
	assert_int_equal(ANSWER("\x05\x02"), HANDSHAKE_MORE);
	assert_int_equal(hs.out_len, 1 + 1 + 4 + 1 + 255);
}

TEST(method_not_offered_is_refused)
{
	static const char *const methods[] = { "\x05\x02", "\x05\x01", "\x05\x80", "\x05\xff" };

	for (size_t i = 0; i < sizeof(methods) / sizeof(methods[0]); i++) {
		begin(&open_proxy, "h", NULL);
		hs.out_len = 0;
		assert_int_equal(answer(methods[i], 2), HANDSHAKE_FAILED);
		assert_int_equal(hs.reason, CLOSE_PROXY_METHOD);
		assert_true(hs.try_next);
		assert_int_equal(hs.out_len, 0);
	}
}

TEST(other_protocol_is_not_socks)
{
	begin(&open_proxy, "h", NULL);
	assert_int_equal(ANSWER("HT"), HANDSHAKE_FAILED);
	assert_int_equal(hs.reason, CLOSE_PROXY_PROTOCOL);
	assert_false(hs.spoke);

	begin(&open_proxy, "h", NULL);
	ANSWER("\x05\x00");
	assert_true(hs.spoke);
	assert_int_equal(ANSWER("\x04\x00\x00\x01"), HANDSHAKE_FAILED);
	assert_int_equal(hs.reason, CLOSE_PROXY_PROTOCOL);
	assert_true(hs.try_next);
}

TEST(every_reply_code_has_its_reason)
{
	for (unsigned rep = 1; rep <= 255; rep++) {
		const uint8_t reply[] = { 5, (uint8_t)rep, 0, 0 };
		enum close_reason reason = rep <= 8 ? CLOSE_SOCKS_FAILURE + rep - 1 : CLOSE_SOCKS_UNASSIGNED;

		begin(&open_proxy, "h", NULL);
		ANSWER("\x05\x00");
		assert_int_equal(answer(reply, sizeof(reply)), HANDSHAKE_FAILED);
		assert_int_equal(hs.reason, reason);
		assert_int_equal(hs.try_next, rep != 4 && rep != 5 && rep != 6);
	}
}

TEST(unknown_address_type_in_the_reply_is_refused)
{
	static const uint8_t types[] = { 0, 2, 5, 255 };

	for (size_t i = 0; i < sizeof(types); i++) {
		const uint8_t reply[] = { 5, 0, 0, types[i] };

		begin(&open_proxy, "h", NULL);
		ANSWER("\x05\x00");
		assert_int_equal(answer(reply, sizeof(reply)), HANDSHAKE_FAILED);
		assert_int_equal(hs.reason, CLOSE_PROXY_PROTOCOL);
	}
}

/* Every form of bound address, in pieces of every size, with payload right behind the reply. */
TEST(takes_exactly_the_reply)
{
	static const struct { const char *bytes; size_t len; } replies[] = {
		{ "\x05\x00\x05\x00\x00\x01" "\x0a\x00\x00\x01" "\x04\x38", 12 },
		{ "\x05\x00\x05\x00\x00\x04" "0123456789abcdef" "\x04\x38", 24 },
		{ "\x05\x00\x05\x00\x00\x03" "\x0d" "proxy.example" "\x04\x38", 22 },
		{ "\x05\x00\x05\x00\x00\x03" "\x00" "\x04\x38", 9 },
	};
	char stream[64];

	for (size_t i = 0; i < sizeof(replies) / sizeof(replies[0]); i++) {
		memcpy(stream, replies[i].bytes, replies[i].len);
		memcpy(stream + replies[i].len, "220 hello", 9);
		for (size_t piece = 1; piece <= replies[i].len + 9; piece++) {
			size_t used;

			begin(&open_proxy, NULL, "192.0.2.1");
			assert_int_equal(feed(stream, replies[i].len + 9, piece, &used), HANDSHAKE_DONE);
			assert_int_equal(used, replies[i].len);
		}
	}
}

TEST(longest_bound_name_is_taken_whole)
{
	uint8_t stream[2 + 4 + 1 + 255 + 2 + 5] = { 5, 0, 5, 0, 0, 3, 255 };
	size_t used;

	begin(&open_proxy, "h", NULL);
	assert_int_equal(feed(stream, sizeof(stream), 1, &used), HANDSHAKE_DONE);
	assert_int_equal(used, sizeof(stream) - 5);
}

static void
begin_association(void)
{
	begin(&open_proxy, NULL, "0.0.0.0");
	hs.target.associate = true;
	hs.target.port = 0;
	hs.out_len = 0;
	assert_int_equal(ANSWER("\x05\x00"), HANDSHAKE_MORE);
}

TEST(association_is_asked_for_without_an_address)
{
	begin_association();
	EXPECT_OUT("\x05\x03\x00\x01\0\0\0\0\0\0");
}

TEST(bound_address_of_an_association_is_kept)
{
	union addr v4, v6, any;

	addr_parse("192.0.2.9", 0x1234, &v4);
	addr_parse("2001:db8::9", 0x1234, &v6);
	addr_parse("0.0.0.0", 0x1234, &any);
	begin_association();
	assert_int_equal(ANSWER("\x05\x00\x00\x01\xc0\x00\x02\x09\x12\x34"), HANDSHAKE_DONE);
	assert_true(addr_equal(&hs.bound, &v4));
	begin_association();
	assert_int_equal(ANSWER("\x05\x00\x00\x04\x20\x01\x0d\xb8\0\0\0\0\0\0\0\0\0\0\0\x09\x12\x34"), HANDSHAKE_DONE);
	assert_true(addr_equal(&hs.bound, &v6));
	begin_association();
	assert_int_equal(ANSWER("\x05\x00\x00\x03\x02hi\x12\x34"), HANDSHAKE_DONE);
	assert_true(addr_equal(&hs.bound, &any));
	begin_association();
	assert_int_equal(ANSWER("\x05\x00\x00\x03\x00\x12\x34"), HANDSHAKE_DONE);
	assert_true(addr_equal(&hs.bound, &any));
}

TEST(refused_association_always_asks_the_next_proxy)
{
	char reply[] = "\x05\x00\x00\x01";

	for (char rep = 1; rep <= 9; rep++) {
		begin_association();
		reply[1] = rep;
		assert_int_equal(answer(reply, 4), HANDSHAKE_FAILED);
		assert_true(hs.try_next);
	}
}

RUN_TESTS(NULL, NULL)
