/*
 * show.h - values of the daemon's answers as text for people.
 */
#pragma once

#include <yajl/yajl_tree.h>

#define SHOW_MAX 512

/* All write to out and return it. */
const char *show_bytes(double bytes, char out[SHOW_MAX]);       /* "512", "1.5K", "20M" */
const char *show_seconds(double seconds, char out[SHOW_MAX]);   /* "1.5s", "3m20s", "2h05m", "9d01h" */
/* The value without control characters; the end of key is the unit of a number. */
const char *show_value(const char *key, yajl_val, char out[SHOW_MAX]);
