#include "config.h"

#include "wire/tls_hello.h"

#define RECORD_MAX 16384        /* RFC 8446 section 5.1 */

enum { CONTENT_HANDSHAKE = 22, HANDSHAKE_CLIENT_HELLO = 1, NAME_HOST = 0 };
enum { EXTENSION_SERVER_NAME = 0, EXTENSION_ENCRYPTED_HELLO = 0xfe0d };

/* Reads the handshake message across record headers. Once status is not SNIFF_FOUND, every read returns 0 and changes
 * nothing, so that callers check once after a group of reads. */
struct reader {
	const uint8_t *data;
	size_t         len, pos;
	size_t         record;          /* bytes left in the current record; SIZE_MAX: there are no records */
	size_t         message;         /* bytes left in the handshake message */
	enum sniff     status;          /* SNIFF_FOUND: no error so far */
};

static uint8_t
raw(struct reader *r, unsigned low, unsigned high)
{
	uint8_t byte;

	if (r->status != SNIFF_FOUND)
		return 0;
	if (r->pos == r->len) {
		r->status = SNIFF_MORE;
		return 0;
	}
	byte = r->data[r->pos++];
	if (byte < low || byte > high)
		r->status = SNIFF_NONE;
	return byte;
}

/*
 * struct {
 *         ContentType type;               22
 *         ProtocolVersion version;        3, any
 *         uint16 length;                  1 .. 2^14
 * } TLSPlaintext;
 */
static void
record_header(struct reader *r)
{
	size_t length;

	raw(r, CONTENT_HANDSHAKE, CONTENT_HANDSHAKE);
	raw(r, 3, 3);
	raw(r, 0, 255);
	length = (size_t)raw(r, 0, RECORD_MAX >> 8) << 8;
	length |= raw(r, 0, 255);
	if (r->status != SNIFF_FOUND)
		return;
	if (length == 0 || length > RECORD_MAX)
		r->status = SNIFF_NONE;
	r->record = length;
}

static uint8_t
take(struct reader *r, unsigned low, unsigned high)
{
	if (r->record == 0)
		record_header(r);
	if (r->status == SNIFF_FOUND && r->message == 0)
		r->status = SNIFF_NONE;
	if (r->status != SNIFF_FOUND)
		return 0;
	r->record--;
	r->message--;
	return raw(r, low, high);
}

/* The length of a vector, in `width` bytes; at most `room`. */
static size_t
take_length(struct reader *r, unsigned width, size_t room)
{
	size_t value = 0;

	for (unsigned i = 0; i < width; i++)
		value = value << 8 | take(r, 0, 255);
	if (r->status == SNIFF_FOUND && value > room)
		r->status = SNIFF_NONE;
	return r->status == SNIFF_FOUND ? value : 0;
}

static void
skip(struct reader *r, size_t n)
{
	while (n-- > 0 && r->status == SNIFF_FOUND)
		take(r, 0, 255);
}

/* struct { NameType name_type; opaque HostName<1..2^16-1>; } ServerName list <1..2^16-1> */
static void
server_name(struct reader *r, size_t size, char host[HOST_MAX + 1])
{
	size_t left;

	if (size < 2)
		r->status = SNIFF_NONE;
	left = take_length(r, 2, size - 2);
	while (r->status == SNIFF_FOUND && left >= 3 && host[0] == '\0') {
		uint8_t type = take(r, 0, 255);
		size_t len = take_length(r, 2, left - 3);

		left -= 3 + len;
		if (type != NAME_HOST) {
			skip(r, len);
			continue;
		}
		if (r->status == SNIFF_FOUND && (len == 0 || len > HOST_MAX))
			r->status = SNIFF_NONE;
		for (size_t i = 0; i < len && r->status == SNIFF_FOUND; i++)
			host[i] = (char)take(r, 1, 255);
		host[r->status == SNIFF_FOUND ? len : 0] = '\0';
	}
}

/*
 * struct {
 *         ProtocolVersion legacy_version;         3, any
 *         Random random;                          32 bytes
 *         opaque legacy_session_id<0..32>;
 *         CipherSuite cipher_suites<2..2^16-2>;
 *         opaque legacy_compression_methods<1..2^8-1>;
 *         Extension extensions<8..2^16-1>;
 * } ClientHello;
 */
static void
hello_until_extensions(struct reader *r)
{
	r->message = 4;
	take(r, HANDSHAKE_CLIENT_HELLO, HANDSHAKE_CLIENT_HELLO);
	r->message = take_length(r, 3, SNIFF_MAX);
	take(r, 3, 3);
	skip(r, 1 + 32);
	skip(r, take_length(r, 1, 32));
	skip(r, take_length(r, 2, r->message));
	skip(r, take_length(r, 1, r->message));
}

static enum sniff
hello_read(struct reader *r, struct sniffed *name)
{
	size_t left;

	*name = (struct sniffed){ .via = "sni" };
	hello_until_extensions(r);
	left = take_length(r, 2, r->message);
	while (r->status == SNIFF_FOUND && left >= 4) {
		size_t type = take_length(r, 2, UINT16_MAX);
		size_t size = take_length(r, 2, left - 4);
		const size_t end = r->message - size;

		left -= 4 + size;
		if (r->status != SNIFF_FOUND)
			break;
		if (type == EXTENSION_SERVER_NAME)
			server_name(r, size, name->text);
		else if (type == EXTENSION_ENCRYPTED_HELLO)
			name->outer = true;
		skip(r, r->message - end);
	}
	if (r->status == SNIFF_MORE)
		return SNIFF_MORE;
	return name->text[0] != '\0' ? SNIFF_FOUND : SNIFF_NONE;
}

enum sniff
tls_hello_name(const uint8_t *data, size_t len, struct sniffed *name)
{
	struct reader r = { .data = data, .len = len, .status = SNIFF_FOUND };

	return hello_read(&r, name);
}

enum sniff
tls_hello_message(const uint8_t *data, size_t len, struct sniffed *name)
{
	struct reader r = { .data = data, .len = len, .record = SIZE_MAX, .status = SNIFF_FOUND };

	return hello_read(&r, name);
}
