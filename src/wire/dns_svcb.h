/*
 * dns_svcb.h - the data of HTTPS and SVCB records, and the ECH configurations in it.
 *
 * Pure; reads from a message within the bounds given.
 * Sources: RFC 9460 (SVCB and HTTPS), RFC 9848 (the parameter "ech"), RFC 9849 section 4 (ECHConfigList).
 */
#pragma once

#include "wire/dns_record.h"

/* RFC 9460 section 14.3.2 */
enum { SVCB_MANDATORY = 0, SVCB_IPV4HINT = 4, SVCB_ECH = 5, SVCB_IPV6HINT = 6 };

struct svcb {
	struct dns_name target;         /* of one byte, the root: the owner of the record itself */
	size_t          params, end;    /* offsets */
};

struct svcb_param {
	uint16_t       key;
	const uint8_t *data;
	size_t         len;
};

bool svcb_is(const struct dns_record *);

/* 0; EBADMSG: malformed, or its parameters are not whole. */
int  svcb_read(const uint8_t *msg, size_t len, const struct dns_record *, struct svcb *);

/* Reads the parameter at *at, which is below svcb.end, and moves *at behind it. After svcb_read() it never fails. */
void svcb_param_next(const uint8_t *msg, size_t *at, struct svcb_param *);

/* Calls cb() for the public name of each configuration of a known version: 1 to 255 bytes, as they are. */
typedef void ech_name_cb(void *arg, const uint8_t *name, size_t len);
void ech_public_names(const uint8_t *list, size_t len, ech_name_cb *, void *arg);
