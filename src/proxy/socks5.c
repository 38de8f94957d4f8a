#include "config.h"

#include "proxy/handshake.h"

/* RFC 1928 section 3 and 6, RFC 1929 section 2 */
enum { SOCKS_VERSION = 5, AUTH_VERSION = 1, CMD_CONNECT = 1, CMD_ASSOCIATE = 3 };
enum { METHOD_NONE = 0, METHOD_PASSWORD = 2 };
enum { ATYP_IPV4 = 1, ATYP_DOMAIN = 3, ATYP_IPV6 = 4 };
enum { PASSWORD_FIELD_MAX = 255 };

enum socks5_state {
	SOCKS5_METHOD,          /* 05 METHOD */
	SOCKS5_AUTH,            /* 01 STATUS */
	SOCKS5_REPLY,           /* 05 REP 00 ATYP */
	SOCKS5_DOMAIN,          /* LEN, when the bound address is a name */
	SOCKS5_BOUND            /* bound address and port, which only an association needs */
};

static enum handshake_status
socks5_expect(struct handshake *hs, enum socks5_state state, size_t len)
{
	hs->state = (int)state;
	hs->want = len;
	hs->in_len = 0;
	return HANDSHAKE_MORE;
}

static void
socks5_put(struct handshake *hs, const void *bytes, size_t len)
{
	memcpy(hs->out + hs->out_len, bytes, len);
	hs->out_len += len;
}

static void
socks5_put_byte(struct handshake *hs, size_t byte)
{
	hs->out[hs->out_len++] = (uint8_t)byte;
}

/* 05 02 00 02, or 05 01 00 without a user name */
static enum handshake_status
socks5_start(struct handshake *hs)
{
	bool password = hs->proxy->username != NULL;

	socks5_put_byte(hs, SOCKS_VERSION);
	socks5_put_byte(hs, password ? 2 : 1);
	socks5_put_byte(hs, METHOD_NONE);
	if (password)
		socks5_put_byte(hs, METHOD_PASSWORD);
	return socks5_expect(hs, SOCKS5_METHOD, 2);
}

/* 01 ULEN UNAME PLEN PASSWD */
static enum handshake_status
socks5_send_password(struct handshake *hs)
{
	const char *user = hs->proxy->username;
	const char *password = hs->proxy->password != NULL ? hs->proxy->password : "";
	size_t user_len = strlen(user), password_len = strlen(password);

	if (user_len > PASSWORD_FIELD_MAX || password_len > PASSWORD_FIELD_MAX)
		return handshake_fail(hs, CLOSE_PROXY_AUTH, true);
	socks5_put_byte(hs, AUTH_VERSION);
	socks5_put_byte(hs, user_len);
	socks5_put(hs, user, user_len);
	socks5_put_byte(hs, password_len);
	socks5_put(hs, password, password_len);
	return socks5_expect(hs, SOCKS5_AUTH, 2);
}

/* 05 CMD 00 ATYP ADDR PORT; with the name if it is known, so that the proxy resolves it */
static enum handshake_status
socks5_send_request(struct handshake *hs)
{
	const struct target *target = &hs->target;
	size_t len;
	const uint8_t *bytes = addr_bytes(&target->addr, &len);

	hs->admitted = true;
	if (target->host == NULL && len == 0)
		return handshake_fail(hs, CLOSE_NO_DESTINATION, false);
	socks5_put_byte(hs, SOCKS_VERSION);
	socks5_put_byte(hs, target->associate ? CMD_ASSOCIATE : CMD_CONNECT);
	socks5_put_byte(hs, 0);
	if (target->host != NULL) {
		len = strlen(target->host);
		bytes = (const uint8_t *)target->host;
		socks5_put_byte(hs, ATYP_DOMAIN);
		socks5_put_byte(hs, len);
	} else
		socks5_put_byte(hs, len == 16 ? ATYP_IPV6 : ATYP_IPV4);
	socks5_put(hs, bytes, len);
	socks5_put_byte(hs, target->port >> 8);
	socks5_put_byte(hs, target->port & 0xff);
	return socks5_expect(hs, SOCKS5_REPLY, 4);
}

static enum handshake_status
socks5_method(struct handshake *hs)
{
	if (hs->in[0] != SOCKS_VERSION)
		return handshake_fail(hs, CLOSE_PROXY_PROTOCOL, true);
	hs->spoke = true;
	if (hs->in[1] == METHOD_NONE)
		return socks5_send_request(hs);
	if (hs->in[1] == METHOD_PASSWORD && hs->proxy->username != NULL)
		return socks5_send_password(hs);
	return handshake_fail(hs, CLOSE_PROXY_METHOD, true);
}

/* Only STATUS counts: some servers send the SOCKS version instead of the 01 of RFC 1929. */
static enum handshake_status
socks5_auth(struct handshake *hs)
{
	if (hs->in[1] != 0)
		return handshake_fail(hs, CLOSE_PROXY_AUTH, true);
	return socks5_send_request(hs);
}

/* REP 4, 5 and 6 are about the target, unless there is none (an association). After all others another proxy may
 * succeed. */
static enum handshake_status
socks5_refused(struct handshake *hs, unsigned rep)
{
	static const enum close_reason reasons[] = {
		[1] = CLOSE_SOCKS_FAILURE, CLOSE_SOCKS_NOT_ALLOWED, CLOSE_SOCKS_NET_UNREACHABLE,
		CLOSE_SOCKS_HOST_UNREACHABLE, CLOSE_SOCKS_REFUSED, CLOSE_SOCKS_TTL_EXPIRED,
		CLOSE_SOCKS_COMMAND, CLOSE_SOCKS_ADDRESS
	};
	bool known = rep < sizeof(reasons) / sizeof(reasons[0]);

	return handshake_fail(hs, known ? reasons[rep] : CLOSE_SOCKS_UNASSIGNED,
	    rep < 4 || rep > 6 || hs->target.associate);
}

/* The address type of the reply determines its length; it may differ from that of the request. */
static enum handshake_status
socks5_reply(struct handshake *hs)
{
	if (hs->in[0] != SOCKS_VERSION)
		return handshake_fail(hs, CLOSE_PROXY_PROTOCOL, true);
	if (hs->in[1] != 0)
		return socks5_refused(hs, hs->in[1]);
	switch (hs->in[3]) {
	case ATYP_IPV4:
		hs->bound.sa.sa_family = AF_INET;
		return socks5_expect(hs, SOCKS5_BOUND, 4 + 2);
	case ATYP_IPV6:
		hs->bound.sa.sa_family = AF_INET6;
		return socks5_expect(hs, SOCKS5_BOUND, 16 + 2);
	case ATYP_DOMAIN:
		return socks5_expect(hs, SOCKS5_DOMAIN, 1);
	default:
		return handshake_fail(hs, CLOSE_PROXY_PROTOCOL, true);
	}
}

/* ADDR PORT. A name counts as 0.0.0.0, which means the address of the proxy itself. */
static enum handshake_status
socks5_bound(struct handshake *hs)
{
	const uint8_t *port = hs->in + hs->in_len - 2;
	const int family = hs->bound.sa.sa_family;

	addr_from_bytes(&hs->bound, family == AF_INET6 ? AF_INET6 : AF_INET,
	    family == AF_UNSPEC ? (const uint8_t *)"\0\0\0" : hs->in, (uint16_t)(port[0] << 8 | port[1]));
	return HANDSHAKE_DONE;
}

static enum handshake_status
socks5_input(struct handshake *hs, const uint8_t *data, size_t len)
{
	memcpy(hs->in + hs->in_len, data, len);
	hs->in_len += len;
	hs->want -= len;
	if (hs->want > 0)
		return HANDSHAKE_MORE;
	switch ((enum socks5_state)hs->state) {
	case SOCKS5_METHOD:
		return socks5_method(hs);
	case SOCKS5_AUTH:
		return socks5_auth(hs);
	case SOCKS5_REPLY:
		return socks5_reply(hs);
	case SOCKS5_DOMAIN:
		return socks5_expect(hs, SOCKS5_BOUND, hs->in[0] + 2u);
	case SOCKS5_BOUND:
		break;
	}
	return socks5_bound(hs);
}

/* RFC 1929 section 2: 1 to 255 octets each. Servers take an empty password. */
static const char *
socks5_refuse_credential(const char *text, bool is_username)
{
	if (is_username && *text == '\0')
		return "is empty; write one, or remove username and password";
	return strlen(text) <= PASSWORD_FIELD_MAX ? NULL : "is longer than 255 bytes; write a shorter one";
}

static const struct handshake_ops socks5_ops = { socks5_start, socks5_input };

const struct proxy_kind proxy_socks5 = { "Socks5", true, socks5_refuse_credential, &socks5_ops, false };
