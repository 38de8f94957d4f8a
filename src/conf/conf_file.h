/*
 * conf_file.h - reads a configuration from files, and passes it to a process that cannot open them.
 *
 * The texts of a configuration are its file, its pattern files and the numbers of its users, in the order in which
 * conf_parse_files() asks for them. The worker gets all of them through one descriptor.
 *
 * Owner:   the caller owns struct conf_texts, all zero at first; conf_texts_free() wipes and frees the texts.
 * Errors:  functions that return a configuration: NULL, see report->error.
 * Bounds:  CONF_FILE_MAX bytes for all texts together.
 */
#pragma once

#include "conf/conf.h"

struct conf_texts {
	struct conf_text *first, *last;
	size_t            size;         /* of all */
};

/* Reads and parses the file. Warns when every user can read a file with passwords. The caller frees the texts, also
 * after an error. */
struct conf *conf_load(const char *file, struct conf_texts *, struct conf_report *);
/* The same, with warnings and error on standard error. */
struct conf *conf_load_aloud(const char *file, struct conf_texts *);
void         conf_texts_free(struct conf_texts *);

/* Writes the texts to an unlinked file. -1: see errno. */
int conf_texts_fd(const struct conf_texts *);
/* Parses the texts in such a file, and closes it. */
struct conf *conf_receive(int fd, struct conf_report *);
