/*
 * conf_file.h - where the texts of a configuration come from: files, or the process that has read them.
 *
 * A configuration is made of its own text and those of its pattern files and users' numbers, in the order in which
 * conf_parse_files() asks for them. The worker, which sees no file, gets them all behind one descriptor.
 *
 * Owner:   struct conf_texts is the caller's, all zero at first; conf_texts_free() wipes and frees what is in it.
 * Errors:  NULL where a configuration is wanted: report->error tells.
 * Bounds:  CONF_FILE_MAX bytes, all texts together.
 */
#ifndef PFI_CONF_FILE_H
#define PFI_CONF_FILE_H

#include "conf/conf.h"

struct conf_texts {
	struct conf_text *first, *last;
	size_t            size;         /* of all */
};

/* Reads and parses the file. Warns in the report when others can read a file that may hold passwords. What was read
 * stays in the texts, also after an error. */
struct conf *conf_load(const char *file, struct conf_texts *, struct conf_report *);
void         conf_texts_free(struct conf_texts *);

/* An unlinked file with the texts; -1 when there is no room for it (errno). */
int conf_texts_fd(const struct conf_texts *);
/* Parses what such a file holds, once, and closes it. */
struct conf *conf_receive(int fd, struct conf_report *);

#endif
