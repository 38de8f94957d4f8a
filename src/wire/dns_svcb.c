#include "config.h"

#include "wire/dns_svcb.h"

enum { ECH_VERSION = 0xfe0d };  /* of RFC 9849, and of its drafts from 13 on */

bool
svcb_is(const struct dns_record *rr)
{
	return (rr->type == DNS_HTTPS || rr->type == DNS_SVCB) && rr->class == DNS_CLASS_IN;
}

/*
 *  priority 2 | target | key 2 | length 2 | value | key 2 ...        (RFC 9460 section 2.2)
 */
int
svcb_read(const uint8_t *msg, size_t len, const struct dns_record *rr, struct svcb *svcb)
{
	const size_t end = rr->data + rr->data_len;
	size_t at = rr->data + 2;

	if (rr->data_len < 3 || dns_name_read(msg, end, &at, &svcb->target) != 0)
		return EBADMSG;
	svcb->params = at;
	svcb->end = end;
	while (at < end) {
		if (end - at < 4 || get16(msg + at + 2) > end - at - 4)
			return EBADMSG;
		at += 4u + get16(msg + at + 2);
	}
	return 0;
}

void
svcb_param_next(const uint8_t *msg, size_t *at, struct svcb_param *param)
{
	param->key = get16(msg + *at);
	param->len = get16(msg + *at + 2);
	param->data = msg + *at + 4;
	*at += 4 + param->len;
}

/* Takes a vector with a length of `width` bytes. NULL: it is not whole. */
static const uint8_t *
take_vector(const uint8_t **at, const uint8_t *end, size_t width, size_t *len)
{
	const uint8_t *data;

	if ((size_t)(end - *at) < width)
		return NULL;
	data = *at + width;
	*len = width == 1 ? **at : get16(*at);
	if (*len > (size_t)(end - data))
		return NULL;
	*at = data + *len;
	return data;
}

/*
 * struct {
 *         uint8 config_id; HpkeKemId kem_id;              3 bytes
 *         HpkePublicKey public_key<1..2^16-1>;
 *         HpkeSymmetricCipherSuite cipher_suites<4..2^16-4>;
 *         uint8 maximum_name_length;
 *         opaque public_name<1..255>;
 *         ECHConfigExtension extensions<0..2^16-1>;
 * } ECHConfigContents;
 */
static void
ech_contents(const uint8_t *at, size_t len, ech_name_cb *cb, void *arg)
{
	const uint8_t *const end = at + len, *name;
	size_t n;

	if (len < 3)
		return;
	at += 3;
	if (take_vector(&at, end, 2, &n) == NULL || take_vector(&at, end, 2, &n) == NULL || at == end)
		return;
	at++;
	name = take_vector(&at, end, 1, &n);
	if (name != NULL && n > 0)
		cb(arg, name, n);
}

/* struct { uint16 version; uint16 length; contents } ECHConfig list<4..2^16-1> */
void
ech_public_names(const uint8_t *list, size_t len, ech_name_cb *cb, void *arg)
{
	const uint8_t *at = list, *end, *config;
	uint16_t version;
	size_t n;

	at = take_vector(&at, list + len, 2, &n);
	if (at == NULL)
		return;
	for (end = at + n; end - at >= 4;) {
		version = get16(at);
		at += 2;
		config = take_vector(&at, end, 2, &n);
		if (config == NULL)
			return;
		if (version == ECH_VERSION)
			ech_contents(config, n, cb, arg);
	}
}
