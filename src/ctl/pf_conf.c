#include "config.h"

#include "ctl/pf_conf.h"

#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "ctl/pf_statement.h"
#include "host/command.h"

#define MARK      " # pfinterceptctl setup"
/* On the first line added to a text whose last line had no end. */
#define MARK_END  " # pfinterceptctl setup (added a line end)"
#define NOWHERE   SIZE_MAX
#define DIFF_MAX  (1 << 20)
#define DIFF_MS   10000

/* What a statement is, or what an included file holds. */
enum { TRANSLATION = 1, DUMMYNET = 2, FILTER = 4 };

/* Statements that evaluate an anchor; bits. The first two are for translation rules. */
enum { NAT_ANCHOR = 1, RDR_ANCHOR = 2, ANCHOR = 4 };
static const char *const references[] = { "nat-anchor", "rdr-anchor", "anchor" };

struct survey {
	const struct pf_conf_wish *wish;
	char    *problem;
	size_t   problem_size;
	struct pf_macro *macros;
	char     siblings[64];          /* "com.apple/ *" without the blank */
	unsigned ours, others;          /* the text evaluates our anchor, the fallback */
	unsigned lacks;                 /* of ours */
	bool     skips_lo;
	size_t   translation_end;       /* of the last translation rule before what must follow those */
	size_t   later;                 /* start of what must follow translation rules */
	size_t   filter;                /* start of the first filter rule */
	bool     mixed;                 /* ... which is an included file with translation rules, too */
};

static unsigned
kind_of(const char *word)
{
	static const struct { const char *word; unsigned kind; } words[] = {
		{ "nat", TRANSLATION }, { "rdr", TRANSLATION }, { "binat", TRANSLATION },
		{ "nat-anchor", TRANSLATION }, { "rdr-anchor", TRANSLATION }, { "binat-anchor", TRANSLATION },
		{ "dummynet", DUMMYNET }, { "dummynet-anchor", DUMMYNET },
		{ "pass", FILTER }, { "block", FILTER }, { "match", FILTER }, { "antispoof", FILTER }, { "anchor", FILTER },
	};

	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		if (strcmp(word, words[i].word) == 0)
			return words[i].kind;
	return 0;
}

static bool survey_text(struct survey *, const char *, size_t, unsigned *, unsigned);

/* include "file": the statement is what the file holds. */
static bool
survey_include(struct survey *s, const char *path, unsigned *kinds, unsigned depth)
{
	size_t len;
	char *text;
	bool ok;

	if (depth == PF_CONF_INCLUDES) {
		snprintf(s->problem, s->problem_size, "%s: \"%s\" is included too deep; does a file include itself?",
		    s->wish->file, path);
		return false;
	}
	text = s->wish->include(path, &len);
	if (text == NULL) {
		snprintf(s->problem, s->problem_size, "%s: the included file \"%s\" cannot be read (%s); "
		    "give its full path, or take the line out", s->wish->file, path, strerror(errno));
		return false;
	}
	ok = survey_text(s, text, len, kinds, depth + 1);
	free(text);
	return ok;
}

static bool
survey_statement(struct survey *s, const struct pf_statement *st, unsigned *kinds, unsigned depth)
{
	const char (*words)[PF_WORD_MAX] = st->words;

	if (st->nwords > 1 && strcmp(words[0], "include") == 0)
		return survey_include(s, words[1], kinds, depth);
	/* no rdr on lo0 ... */
	*kinds = kind_of(words[st->nwords > 1 && strcmp(words[0], "no") == 0]);
	for (unsigned i = 0; st->nwords > 1 && i < 3; i++)
		if (strcmp(words[0], references[i]) == 0) {
			s->ours |= strcmp(words[1], s->wish->anchor) == 0 ? 1u << i : 0;
			s->others |= strcmp(words[1], s->siblings) == 0 ? 1u << i : 0;
		}
	/* set skip on { lo0 em1 } */
	if (st->nwords > 3 && strcmp(words[0], "set") == 0 && strcmp(words[1], "skip") == 0)
		for (size_t i = 3; i < st->nwords; i++)
			s->skips_lo |= strcmp(words[i], "lo") == 0 || strcmp(words[i], "lo0") == 0;
	return true;
}

/* Only the outermost text has places for our lines. */
static void
survey_places(struct survey *s, const struct pf_statement *st, unsigned kinds)
{
	if (kinds == TRANSLATION && s->later == NOWHERE)
		s->translation_end = st->end;
	if ((kinds & (DUMMYNET | FILTER)) != 0 && s->later == NOWHERE)
		s->later = st->start;
	if ((kinds & FILTER) != 0 && s->filter == NOWHERE) {
		s->filter = st->start;
		s->mixed = (kinds & TRANSLATION) != 0;
	}
}

/* False when the text cannot be read to its end; s->problem tells. */
static bool
survey_text(struct survey *s, const char *text, size_t len, unsigned *whole, unsigned depth)
{
	struct pf_statement st;
	struct pf_reader r;

	pf_reader_init(&r, text, len, &s->macros);
	while (pf_reader_next(&r, &st)) {
		unsigned kinds = 0;

		if (!survey_statement(s, &st, &kinds, depth))
			return false;
		if (depth == 0)
			survey_places(s, &st, kinds);
		*whole |= kinds;
	}
	if (r.broken)
		snprintf(s->problem, s->problem_size, "%s: it, or a file that it includes, ends inside quotes or braces; "
		    "\"pfctl -nf\" tells where", s->wish->file);
	return !r.broken;
}

static bool
survey_make(struct survey *s, const char *text, size_t len, const struct pf_conf_wish *wish, struct pf_conf_result *out)
{
	const char *slash = wish->fallback != NULL ? strrchr(wish->fallback, '/') : NULL;
	unsigned whole = 0;
	bool ok;

	*s = (struct survey){ .wish = wish, .problem = out->problem, .problem_size = sizeof(out->problem),
		.translation_end = NOWHERE, .later = NOWHERE, .filter = NOWHERE };
	if (slash != NULL)
		snprintf(s->siblings, sizeof(s->siblings), "%.*s/*", (int)(slash - wish->fallback), wish->fallback);
	ok = survey_text(s, text, len, &whole, 0);
	pf_macros_free(&s->macros);
	s->lacks = (ANCHOR | (wish->translation ? RDR_ANCHOR : 0) | (wish->nat ? NAT_ANCHOR : 0)) & ~s->ours;
	return ok;
}

static bool
ends_with(const char *text, size_t len, const char *end)
{
	return len >= strlen(end) && memcmp(text + len - strlen(end), end, strlen(end)) == 0;
}

/* The length of the line at text, with its end. */
static size_t
line_length(const char *text, size_t len)
{
	const char *nl = memchr(text, '\n', len);

	return nl != NULL ? (size_t)(nl - text) + 1 : len;
}

/* The end of this line; "" when it has none. */
static const char *
line_end(const char *line, size_t len)
{
	return ends_with(line, len, "\r\n") ? "\r\n" : ends_with(line, len, "\n") ? "\n" : "";
}

/* 0 or ENOMEM. */
static int
put_lines(const struct survey *s, const char *text, size_t len, struct pf_conf_result *out)
{
	const size_t rdr_at = s->translation_end != NOWHERE ? s->translation_end : s->later;
	const char *eol = ends_with(text, line_length(text, len), "\r\n") ? "\r\n" : "\n";   /* as on its first line */
	bool open = len > 0 && text[len - 1] != '\n';   /* the last line has no end yet */
	FILE *f = open_memstream(&out->text, &out->len);
	size_t done = 0;
	int failed;

	if (f == NULL)
		return ENOMEM;
	for (unsigned i = 0; i < 3; i++) {
		const size_t place = 1u << i == ANCHOR ? s->filter : rdr_at, at = place == NOWHERE ? len : place;
		const bool ends = open && at == len;

		if ((s->lacks & 1u << i) == 0)
			continue;
		fwrite(text + done, 1, at - done, f);
		fprintf(f, "%s%s \"%s\"%s%s", ends ? eol : "", references[i], s->wish->anchor, ends ? MARK_END : MARK, eol);
		done = at;
		open = open && !ends;
	}
	fwrite(text + done, 1, len - done, f);
	failed = ferror(f);
	return fclose(f) != 0 || failed ? ENOMEM : 0;
}

/* Our lines must count: a text that ends in a backslash would swallow them. */
static bool
verify(const struct pf_conf_wish *wish, struct pf_conf_result *out)
{
	struct survey s;

	if (!survey_make(&s, out->text, out->len, wish, out))
		return false;
	if (s.lacks != 0)
		snprintf(out->problem, sizeof(out->problem), "%s: its last line goes on after its end; take the final "
		    "backslash away", wish->file);
	return s.lacks == 0;
}

int
pf_conf_insert(const char *text, size_t len, const struct pf_conf_wish *wish, struct pf_conf_result *out)
{
	struct survey s;

	*out = (struct pf_conf_result){ .answer = PF_CONF_PROBLEM };
	if (!survey_make(&s, text, len, wish, out))
		return 0;
	out->skips_lo = s.skips_lo;
	if (s.lacks == 0 || (s.others & (RDR_ANCHOR | ANCHOR)) == (RDR_ANCHOR | ANCHOR)) {
		out->answer = s.lacks == 0 ? PF_CONF_THERE : PF_CONF_FALLBACK;
	} else if (wish->translation && s.mixed && (s.lacks & ANCHOR) != 0) {
		snprintf(out->problem, sizeof(out->problem), "%s: an included file has translation rules and filter rules; "
		    "put 'rdr-anchor \"%s\"' and 'anchor \"%s\"' between them by hand", wish->file, wish->anchor, wish->anchor);
	} else if (put_lines(&s, text, len, out) != 0) {
		return ENOMEM;
	} else if (verify(wish, out)) {
		out->answer = PF_CONF_CHANGED;
	} else {
		free(out->text);
		out->text = NULL;
	}
	return 0;
}

int
pf_conf_undo(const char *text, size_t len, struct pf_conf_result *out)
{
	size_t line, drop = 0;

	*out = (struct pf_conf_result){ .answer = PF_CONF_THERE, .text = malloc(len + 1) };
	if (out->text == NULL)
		return ENOMEM;
	for (size_t at = 0; at < len; at += line) {
		const char *eol = line_end(text + at, line = line_length(text + at, len - at));
		const bool ended = ends_with(text + at, line - strlen(eol), MARK_END);

		if (ended || ends_with(text + at, line - strlen(eol), MARK)) {
			out->answer = PF_CONF_CHANGED;
			if (ended && ends_with(out->text, out->len, eol))
				drop = strlen(eol);
		} else {
			memcpy(out->text + out->len, text + at, line);
			out->len += line;
			drop = 0; /* something was added behind: the line end is needed */
		}
	}
	out->len -= drop;
	out->text[out->len] = '\0';
	if (out->answer == PF_CONF_THERE) {
		free(out->text);
		out->text = NULL;
	}
	return 0;
}

int
pf_conf_diff(FILE *out, const char *file, const char *before, const char *after)
{
	const char *const argv[] = { "diff", "-au", "-L", file, "-L", file, before, "-", NULL };
	char *text = malloc(DIFF_MAX);
	int error = text != NULL ? command_run(argv, after, text, DIFF_MAX, DIFF_MS) : ENOMEM;

	if (error == EIO && strncmp(text, "--- ", 4) == 0) { /* status 1: they differ */
		fputs(text, out);
		error = 0;
	}
	free(text);
	return error;
}
