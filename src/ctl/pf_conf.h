/*
 * pf_conf.h - puts the lines that evaluate our anchor into a pf.conf(5) text, and takes them out again.
 *
 * Pure but for the last function: text in, text out. Every line that is added ends in a mark, by which it is found again; taking
 * it out gives the text before, byte for byte.
 *
 *   nat-anchor "interceptor" # pfinterceptctl setup      behind the last translation rule
 *   rdr-anchor "interceptor" # pfinterceptctl setup      with it
 *   anchor "interceptor" # pfinterceptctl setup          before the first filter rule
 *
 * Ours are quick: a filter rule before the anchor could take their packets for good.
 *
 * Owner:   result->text is malloc'd and the caller's; NULL unless the answer is PF_CONF_CHANGED.
 * Errors:  0 or ENOMEM; what is wrong with the text is an answer.
 * Source:  pf.conf(5), and the order that pfctl(8) enforces: options, normalization, queueing, translation,
 *          (macOS: dummynet,) filtering.
 */
#ifndef PFI_PF_CONF_H
#define PFI_PF_CONF_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

#define PF_CONF_INCLUDES 8              /* files included by included files, how deep */

/* The text of an included file, malloc'd, or NULL with errno set. */
typedef char *pf_conf_include(const char *path, size_t *len);

struct pf_conf_wish {
	const char      *file;          /* for messages */
	const char      *anchor;
	bool             translation;   /* this pf has rdr-anchor */
	bool             nat;           /* and our anchor has nat rules */
	const char      *fallback;      /* path, before the anchor's name, where it is evaluated too when the
	                                 * text has PARENT / * (without blanks); or NULL */
	pf_conf_include *include;
};

enum pf_conf_answer {
	PF_CONF_CHANGED,                /* text is the new one */
	PF_CONF_THERE,                  /* nothing to add, or nothing to take out */
	PF_CONF_FALLBACK,               /* the text evaluates the fallback: nothing to add */
	PF_CONF_PROBLEM                 /* problem tells, with the cure */
};

struct pf_conf_result {
	enum pf_conf_answer answer;
	char  *text;
	size_t len;
	bool   skips_lo;                /* "set skip" hides the loopback interface from pf */
	char   problem[512];
};

int pf_conf_insert(const char *text, size_t len, const struct pf_conf_wish *, struct pf_conf_result *);
int pf_conf_undo(const char *text, size_t len, struct pf_conf_result *);

/* Prints what would become of a text, by diff(1). file: its name; before: a path with the text of now; after: the new
 * one, NUL-terminated. 0 or an errno value of command.h. */
int pf_conf_diff(FILE *, const char *file, const char *before, const char *after);

#endif
