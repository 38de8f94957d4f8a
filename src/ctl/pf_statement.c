#include "config.h"

#include "ctl/pf_statement.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Above every character. */
enum { TOKEN_WORD = 256 };

struct pf_macro {
	struct pf_macro *next;
	char             name[PF_WORD_MAX];
	char             value[];       /* its words, with blanks between them */
};

void
pf_macros_free(struct pf_macro **list)
{
	struct pf_macro *m;

	while ((m = *list) != NULL) {
		*list = m->next;
		free(m);
	}
}

/* The value becomes one word longer; "": it begins. False: no memory. */
static bool
macro_extend(struct pf_macro **m, const char *word)
{
	const size_t len = *m != NULL ? strlen((*m)->value) : 0;
	struct pf_macro *larger = realloc(*m, sizeof(**m) + len + strlen(word) + 2);

	if (larger == NULL)
		return false;
	snprintf(larger->value + len, strlen(word) + 2, "%s%s", len > 0 ? " " : "", word);
	*m = larger;
	return true;
}

static const char *
macro_value(const struct pf_macro *m, const char *name)
{
	while (m != NULL && strcmp(m->name, name) != 0)
		m = m->next;
	return m != NULL ? m->value : "";
}

void
pf_reader_init(struct pf_reader *r, const char *text, size_t len, struct pf_macro **macros)
{
	*r = (struct pf_reader){ .text = text, .len = len, .macros = macros, .back = EOF };
}

/* As it stands, for quoted strings. */
static int
get_raw(struct pf_reader *r)
{
	int c = r->back;

	r->back = EOF;
	if (c != EOF)
		return c;
	if (r->expansion != NULL && *r->expansion != '\0')
		return (unsigned char)*r->expansion++;
	r->expansion = NULL;
	return r->pos < r->len ? (unsigned char)r->text[r->pos++] : EOF;
}

/* A backslash before a newline joins two lines; before anything else it is dropped. */
static int
get(struct pf_reader *r)
{
	bool plain;
	int c;

	if (r->expansion != NULL && *r->expansion == '\0')
		r->expansion = NULL;
	plain = r->back != EOF || r->expansion != NULL;
	while ((c = get_raw(r)) == '\\' && !plain)
		if ((c = get_raw(r)) != '\n')
			break;
	return c;
}

static void
keep(struct pf_reader *r, size_t *len, int c)
{
	if (*len < PF_TOKEN_MAX)
		r->token[(*len)++] = (char)c;
	r->token[*len] = '\0';
}

static int
quoted(struct pf_reader *r, int quote)
{
	size_t len = 0;
	int c;

	r->token[0] = '\0';
	while ((c = get_raw(r)) != quote && c != EOF) {
		if (c == '\n')
			continue;
		if (c == '\\') {
			int next = get_raw(r);

			if (next == '\n')
				continue;
			if (next == quote)
				c = next;
			else
				r->back = next;
		}
		keep(r, &len, c);
	}
	r->broken |= c == EOF;
	return c == EOF ? EOF : TOKEN_WORD;
}

static int
bare(struct pf_reader *r, int c)
{
	size_t len = 0;

	do
		keep(r, &len, c);
	while ((c = get(r)) != EOF && (isalnum(c) || (ispunct(c) && strchr("(){}<>!=/#,", c) == NULL)));
	r->back = c;
	return TOKEN_WORD;
}

/* $name: what follows is read from its value. */
static void
expand(struct pf_reader *r)
{
	size_t len = 0;
	int c;

	r->token[0] = '\0';
	while ((c = get(r)) != EOF && (isalnum(c) || c == '_'))
		keep(r, &len, c);
	/* The value comes before what was read too far. */
	if (c != EOF)
		r->pos--;
	r->expansion = macro_value(*r->macros, r->token);
}

/* TOKEN_WORD with the word in r->token, another character, '\n' or EOF. */
static int
next_token(struct pf_reader *r)
{
	int c;

	for (;;) {
		while ((c = get(r)) == ' ' || c == '\t')
			;
		if (c == '$' && r->expansion == NULL)
			expand(r);
		else
			break;
	}
	if (c == '#') {
		r->commented = true;
		while ((c = get(r)) != '\n' && c != EOF)
			;
	}
	if (c == '"' || c == '\'')
		return quoted(r, c);
	if (c != EOF && (isalnum(c) || c == ':' || c == '_'))
		return bare(r, c);
	return c;
}

/* Reads one line with what belongs to it. A macro counts from the next line on. */
static int
read_line(struct pf_reader *r, struct pf_statement *st)
{
	struct pf_macro *macro = NULL;
	int depth = 0, c;

	st->nwords = 0;
	while ((c = next_token(r)) != EOF && (c != '\n' || depth > 0)) {
		if (c == '=' && st->nwords == 1 && macro == NULL)
			r->broken |= !macro_extend(&macro, "");
		else if (c == TOKEN_WORD && macro != NULL)
			r->broken |= !macro_extend(&macro, r->token);
		else if (c == TOKEN_WORD && st->nwords < PF_WORDS)
			snprintf(st->words[st->nwords++], PF_WORD_MAX, "%.*s", PF_WORD_MAX - 1, r->token);
		depth += (c == '{') - (c == '}');
	}
	r->broken |= c == EOF && depth > 0;
	if (macro != NULL) {
		memcpy(macro->name, st->words[0], PF_WORD_MAX);
		macro->next = *r->macros;
		*r->macros = macro;
	}
	return c;
}

bool
pf_reader_next(struct pf_reader *r, struct pf_statement *st)
{
	bool above = false;             /* comment lines since the last line that was none */
	size_t start = r->pos;
	int c;

	do {
		if (!above)
			start = r->pos;
		r->commented = false;
		c = read_line(r, st);
		above = st->nwords == 0 && r->commented;
	} while (st->nwords == 0 && c != EOF && !r->broken);
	st->start = start;
	st->end = r->pos;
	return st->nwords > 0 && !r->broken;
}
