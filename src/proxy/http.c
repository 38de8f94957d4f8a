#include "config.h"

#include "proxy/handshake.h"

#include <ctype.h>
#include <stdarg.h>

/* Appends to out[]. Overflow leaves out_len at HANDSHAKE_OUT_MAX. */
static void __attribute__((format(printf, 2, 3)))
http_put(struct handshake *hs, const char *fmt, ...)
{
	size_t room = sizeof(hs->out) - hs->out_len;
	va_list ap;
	int n;

	va_start(ap, fmt);
	n = vsnprintf((char *)hs->out + hs->out_len, room, fmt, ap);
	va_end(ap);
	hs->out_len += n < 0 || (size_t)n > room ? room : (size_t)n;
}

/* RFC 4648 section 4, of the bytes of "user:password" (RFC 7617 section 2). */
static void
http_put_basic(struct handshake *hs, const char *user, const char *password)
{
	static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
	const char *const parts[] = { user, ":", password };
	uint32_t group = 0;
	unsigned bits = 0, ndigits = 0;

	http_put(hs, "Proxy-Authorization: Basic ");
	for (size_t i = 0; i < 3; i++) {
		for (const char *p = parts[i]; *p != '\0'; p++) {
			group = group << 8 | (uint8_t)*p;
			for (bits += 8; bits >= 6; bits -= 6, ndigits++)
				http_put(hs, "%c", digits[group >> (bits - 6) & 63]);
		}
	}
	if (bits > 0) {
		http_put(hs, "%c", digits[group << (6 - bits) & 63]);
		ndigits++;
	}
	http_put(hs, "%.*s\r\n", (int)(-ndigits % 4), "===");
}

/* A space or line end in the name would inject header lines. */
static bool
http_host_is_safe(const char *host)
{
	for (; *host != '\0'; host++)
		if (!isalnum((unsigned char)*host) && strchr("-._", *host) == NULL)
			return false;
	return true;
}

/* RFC 9110 section 9.3.6: CONNECT host:port HTTP/1.1, and Host with the same value */
static enum handshake_status
http_start(struct handshake *hs)
{
	const struct target *target = &hs->target;
	const char *password = hs->proxy->password != NULL ? hs->proxy->password : "";
	char host[HOST_MAX + 1];
	bool colons = target->host == NULL && target->addr.sa.sa_family == AF_INET6;

	if (target->host != NULL ? !http_host_is_safe(target->host) : !addr_is_set(&target->addr))
		return handshake_fail(hs, CLOSE_NO_DESTINATION, false);
	if (target->host != NULL)
		snprintf(host, sizeof(host), "%s", target->host);
	else
		addr_format_ip(&target->addr, host);
	http_put(hs, colons ? "CONNECT [%s]:%u HTTP/1.1\r\n" : "CONNECT %s:%u HTTP/1.1\r\n", host, target->port);
	http_put(hs, colons ? "Host: [%s]:%u\r\n" : "Host: %s:%u\r\n", host, target->port);
	if (hs->proxy->username != NULL)
		http_put_basic(hs, hs->proxy->username, password);
	http_put(hs, "\r\n");
	if (hs->out_len == sizeof(hs->out))
		return handshake_fail(hs, CLOSE_PROXY_AUTH, true);
	hs->peek = true;
	hs->want = sizeof(hs->in);
	return HANDSHAKE_MORE;
}

/* Finds the empty line that ends the head, in in[from..in_len). RFC 9112 section 2.2: LF alone may end a line. */
static bool
http_head_end(const struct handshake *hs, size_t from, size_t *end)
{
	const uint8_t *in = hs->in;

	for (size_t i = from; i < hs->in_len; i++) {
		if (in[i] != '\n' || i == 0)
			continue;
		if (in[i - 1] == '\n' || (i > 1 && in[i - 1] == '\r' && in[i - 2] == '\n')) {
			*end = i + 1;
			return true;
		}
	}
	return false;
}

/* "HTTP/1.1 200 ..." (RFC 9112 section 4): the status code; 0: not a status line. */
static unsigned
http_status(const struct handshake *hs)
{
	const uint8_t *in = hs->in;

	if (hs->in_len < 13 || !isdigit(in[7]) || in[8] != ' ' || !isdigit(in[9]) || !isdigit(in[10]) ||
	    !isdigit(in[11]) || (in[12] != ' ' && in[12] != '\r' && in[12] != '\n'))
		return 0;
	return (in[9] - '0') * 100u + (in[10] - '0') * 10u + (in[11] - '0');
}

static enum handshake_status
http_decide(struct handshake *hs)
{
	unsigned status = http_status(hs);

	if (status < 100)
		return handshake_fail(hs, CLOSE_PROXY_PROTOCOL, true);
	hs->spoke = true;
	if (status / 100 == 1 && status != 101) {       /* RFC 9110 section 15.2: interim, read on */
		hs->in_len = 0;
		hs->want = sizeof(hs->in);
		return HANDSHAKE_MORE;
	}
	hs->admitted = status != 407 && status != 401;  /* tinyproxy answers 401 */
	if (status / 100 == 2)
		return HANDSHAKE_DONE;
	if (!hs->admitted)
		return handshake_fail(hs, hs->proxy->username != NULL ? CLOSE_PROXY_AUTH : CLOSE_PROXY_METHOD, true);
	return handshake_fail(hs, CLOSE_HTTP_STATUS, true);
}

static enum handshake_status
http_input(struct handshake *hs, const uint8_t *data, size_t len)
{
	static const char version[] = "HTTP/1.";
	size_t before = hs->in_len, end, known;
	bool whole;

	memcpy(hs->in + before, data, len);
	hs->in_len += len;
	whole = http_head_end(hs, before, &end);
	if (whole)
		hs->in_len = end;
	hs->used = hs->in_len - before;
	hs->want = sizeof(hs->in) - hs->in_len;
	known = hs->in_len < sizeof(version) - 1 ? hs->in_len : sizeof(version) - 1;
	if (memcmp(hs->in, version, known) != 0 || (!whole && hs->want == 0))
		return handshake_fail(hs, CLOSE_PROXY_PROTOCOL, true);
	return whole ? http_decide(hs) : HANDSHAKE_MORE;
}

/* RFC 7617 section 2: no colon in the user-id, no control characters in either. */
static const char *
http_refuse_credential(const char *text, bool is_username)
{
	if (is_username && strchr(text, ':') != NULL)
		return "cannot hold a colon; write one without";
	for (; *text != '\0'; text++)
		if ((unsigned char)*text < 0x20 || *text == 0x7f)
			return "cannot hold control characters; remove them";
	return NULL;
}

static const struct handshake_ops http_ops = { http_start, http_input };

const struct proxy_kind proxy_http = { "Http", false, http_refuse_credential, &http_ops, true };
