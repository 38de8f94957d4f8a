#include "config.h"

#include "wire/dns_record.h"

#define LABEL_MAX    63
#define POINTERS_MAX 127        /* no name has more labels than this */

int
dns_name_copy(const uint8_t *msg, size_t len, size_t *pos, struct dns_name *name)
{
	size_t at = *pos, limit = *pos, end = 0, n;
	unsigned pointers = 0;

	name->len = 0;
	do {
		for (; at < len && (msg[at] & 0xc0) == 0xc0; limit = at) {
			if (len - at < 2 || ++pointers > POINTERS_MAX)
				return EBADMSG;
			if (end == 0)
				end = at + 2;
			at = get16(msg + at) & 0x3fff;
			if (at < DNS_HEADER_LEN || at >= limit)
				return EBADMSG;
		}
		if (at >= len)
			return EBADMSG;
		n = msg[at] + 1u; /* a label with its length byte */
		if (n > LABEL_MAX + 1 || n > len - at || n > DNS_WIRE_MAX - name->len)
			return EBADMSG;
		for (size_t i = 0; i < n; i++)
			name->wire[name->len++] = msg[at + i];
		at += n;
	} while (n > 1);
	*pos = end != 0 ? end : at;
	return 0;
}

int
dns_name_read(const uint8_t *msg, size_t len, size_t *pos, struct dns_name *name)
{
	if (dns_name_copy(msg, len, pos, name) != 0)
		return EBADMSG;
	for (size_t i = 0; i < name->len; i++) /* letters only: RFC 4343. Length bytes are less than 'A'. */
		if (name->wire[i] >= 'A' && name->wire[i] <= 'Z')
			name->wire[i] = (uint8_t)(name->wire[i] + ('a' - 'A'));
	return 0;
}

int
dns_name_skip(const uint8_t *msg, size_t len, size_t *pos)
{
	size_t at = *pos;

	while (at < len && msg[at] != 0 && msg[at] < 0xc0)
		at += msg[at] + 1u;
	if (at >= len || len - at < (msg[at] == 0 ? 1 : 2))
		return EBADMSG;
	*pos = at + (msg[at] == 0 ? 1 : 2);
	return 0;
}

/*
 *  name | type 2 | class 2 | ttl 4 | rdlength 2 | rdata      (RFC 1035 section 4.1.3)
 */
int
dns_record_read(const uint8_t *msg, size_t len, size_t *pos, struct dns_record *rr)
{
	rr->start = *pos;
	if (dns_name_skip(msg, len, pos) != 0 || len - *pos < 10)
		return EBADMSG;
	rr->type = get16(msg + *pos);
	rr->class = get16(msg + *pos + 2);
	rr->ttl_at = *pos + 4;
	rr->ttl = get32(msg + rr->ttl_at);
	rr->data_len = get16(msg + *pos + 8);
	rr->data = *pos + 10;
	if (rr->data_len > len - rr->data)
		return EBADMSG;
	*pos = rr->data + rr->data_len;
	if (rr->ttl > INT32_MAX) /* RFC 2181 section 8 */
		rr->ttl = 0;
	return rr->type == DNS_OPT && msg[rr->start] != 0 ? EBADMSG : 0; /* RFC 6891 section 6.1.2 */
}

size_t
dns_record_count(const uint8_t *msg)
{
	return (size_t)get16(msg + ANCOUNT) + get16(msg + NSCOUNT) + get16(msg + ARCOUNT);
}

size_t
dns_records_start(const uint8_t *msg, size_t len)
{
	size_t pos = DNS_HEADER_LEN;

	return get16(msg + QDCOUNT) == 1 && dns_name_skip(msg, len, &pos) == 0 && len - pos >= 4 ? pos + 4 : len;
}
