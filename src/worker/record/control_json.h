/*
 * control_json.h - members of JSON objects, for the control socket and for the log in JSON.
 *
 * Each function puts a key and its value into the open object. Errors stay in the yajl_gen: its text is empty then.
 */
#pragma once

#include <yajl/yajl_gen.h>

#include "worker/record/flow_record.h"

void put_key(yajl_gen, const char *key);
/* Open an object or an array; the caller closes it. */
void put_map(yajl_gen, const char *key);
void put_array(yajl_gen, const char *key);
void put_text(yajl_gen, const char *key, const char *text);     /* NULL: null */
void put_number(yajl_gen, const char *key, uint64_t);
void put_seconds(yajl_gen, const char *key, double);
void put_bool(yajl_gen, const char *key, bool);
void put_proxies(yajl_gen, const struct conf_proxy *const *, size_t n);         /* their ids */
void put_addr(yajl_gen, const char *key, const union addr *);   /* not set: null */
/* The members of a flow; ended: with the reason of its end. now: on the loop's clock, for its age. */
void put_flow(yajl_gen, const struct flow_record *, double now, bool ended);
