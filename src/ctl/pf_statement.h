/*
 * pf_statement.h - a pf.conf(5) text, statement by statement, cut as pfctl(8) cuts it.
 *
 * Knows comments, quotes, backslash continuation, macros, and braces over several lines; what a statement
 * means is for others. A backslash continues a comment, too.
 *
 * Owner:   the reader borrows the text; macros belong to the caller, who frees them with pf_macros_free().
 * Bounds:  words beyond the first PF_WORDS are read and dropped, long ones are cut.
 */
#ifndef PFI_PF_STATEMENT_H
#define PFI_PF_STATEMENT_H

#include <stdbool.h>
#include <stddef.h>

#define PF_WORDS     24
#define PF_WORD_MAX  128
#define PF_TOKEN_MAX 8096               /* pfctl refuses a longer one */

struct pf_macro;

struct pf_statement {
	size_t start;                   /* offset of its first line, or of the comment lines right above it */
	size_t end;                     /* behind its last newline */
	char   words[PF_WORDS][PF_WORD_MAX];    /* without quotes and braces, macros replaced */
	size_t nwords;
};

struct pf_reader {
	const char       *text;
	size_t            len, pos;
	struct pf_macro **macros;
	const char       *expansion;    /* rest of the macro that is being read, or NULL */
	int               back;         /* a character to be read again, or EOF */
	bool              commented;    /* a comment was seen since this was cleared */
	bool              broken;       /* the text ends inside quotes or braces, or memory was short */
	char              token[PF_TOKEN_MAX + 1];
};

void pf_reader_init(struct pf_reader *, const char *text, size_t len, struct pf_macro **);

/* The next statement outside of braces; false at the end. A macro definition gives its name alone. */
bool pf_reader_next(struct pf_reader *, struct pf_statement *);

void pf_macros_free(struct pf_macro **);

#endif
