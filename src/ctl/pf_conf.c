#include "config.h"

#include "pf_conf.h"

#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "command.h"
#include "pf_statement.h"

#define MARK      " # pfinterceptctl setup"
/* On the first line added to a text whose last line had no end. */
#define MARK_END  " # pfinterceptctl setup (added a line end)"
#define NOWHERE   SIZE_MAX
#define DIFF_MAX  (1 << 20)
#define DIFF_MS   10000

/* What a statement is, or what an included file holds. */
struct content {
	bool translation, dummynet, filter;
};

struct survey {
	const struct pf_conf_wish *wish;
	struct pf_macro *macros;
	char   siblings[64];            /* "com.apple/ *" without the blank */
	bool   nat, rdr, anchor;        /* the text evaluates ours */
	bool   other_rdr, other_anchor; /* ... the fallback */
	bool   skips_lo;
	size_t translation_end;         /* of the last translation rule before what must follow those */
	size_t later;                   /* start of what must follow translation rules */
	size_t filter;                  /* start of the first filter rule */
	bool   mixed;                   /* ... which is an included file with translation rules, too */
	char   problem[512];
};

static const char *const translation_words[] = { "nat", "rdr", "binat", "nat-anchor", "rdr-anchor", "binat-anchor", NULL };
static const char *const dummynet_words[] = { "dummynet", "dummynet-anchor", NULL };
static const char *const filter_words[] = { "pass", "block", "match", "antispoof", "anchor", NULL };

static bool
is_one_of(const char *word, const char *const list[])
{
	while (*list != NULL && strcmp(word, *list) != 0)
		list++;
	return *list != NULL;
}

static bool survey_text(struct survey *, const char *, size_t, struct content *, unsigned);

/* include "file": the statement is what the file holds. */
static bool
survey_include(struct survey *s, const char *path, struct content *content, unsigned depth)
{
	size_t len;
	char *text;
	bool ok;

	if (depth == PF_CONF_INCLUDES) {
		snprintf(s->problem, sizeof(s->problem), "%s: \"%s\" is included too deep; does a file include itself?",
		    s->wish->file, path);
		return false;
	}
	text = s->wish->include(s->wish->arg, path, &len);
	if (text == NULL) {
		snprintf(s->problem, sizeof(s->problem), "%s: the included file \"%s\" cannot be read (%s); "
		    "give its full path, or take the line out", s->wish->file, path, strerror(errno));
		return false;
	}
	ok = survey_text(s, text, len, content, depth + 1);
	free(text);
	return ok;
}

static void
survey_reference(struct survey *s, const struct pf_statement *st)
{
	const bool ours = strcmp(st->words[1], s->wish->anchor) == 0;
	const bool other = strcmp(st->words[1], s->siblings) == 0;

	if (strcmp(st->words[0], "nat-anchor") == 0)
		s->nat = s->nat || ours;
	else if (strcmp(st->words[0], "rdr-anchor") == 0) {
		s->rdr = s->rdr || ours;
		s->other_rdr = s->other_rdr || other;
	} else if (strcmp(st->words[0], "anchor") == 0) {
		s->anchor = s->anchor || ours;
		s->other_anchor = s->other_anchor || other;
	}
}

/* set skip on { lo0 em1 } */
static void
survey_skip(struct survey *s, const struct pf_statement *st)
{
	static const char *const loops[] = { "lo", "lo0", NULL };

	if (st->nwords < 4 || strcmp(st->words[0], "set") != 0 || strcmp(st->words[1], "skip") != 0)
		return;
	for (size_t i = 3; i < st->nwords; i++)
		s->skips_lo = s->skips_lo || is_one_of(st->words[i], loops);
}

static bool
survey_statement(struct survey *s, const struct pf_statement *st, struct content *content, unsigned depth)
{
	/* no rdr on lo0 ... */
	const char *word = strcmp(st->words[0], "no") == 0 && st->nwords > 1 ? st->words[1] : st->words[0];

	if (strcmp(word, "include") == 0 && st->nwords > 1)
		return survey_include(s, st->words[1], content, depth);
	content->translation = is_one_of(word, translation_words);
	content->dummynet = is_one_of(word, dummynet_words);
	content->filter = is_one_of(word, filter_words);
	if (st->nwords > 1)
		survey_reference(s, st);
	survey_skip(s, st);
	return true;
}

/* Only the outermost text has places for our lines. */
static void
survey_places(struct survey *s, const struct pf_statement *st, const struct content *content)
{
	const bool later = content->dummynet || content->filter;

	if (content->translation && !later && s->later == NOWHERE)
		s->translation_end = st->end;
	if (later && s->later == NOWHERE)
		s->later = st->start;
	if (content->filter && s->filter == NOWHERE) {
		s->filter = st->start;
		s->mixed = content->translation;
	}
}

/* False when the text cannot be read to its end; s->problem tells. */
static bool
survey_text(struct survey *s, const char *text, size_t len, struct content *whole, unsigned depth)
{
	struct pf_reader *r = malloc(sizeof(*r));
	struct pf_statement *st = malloc(sizeof(*st));
	bool ok = r != NULL && st != NULL;

	if (ok)
		pf_reader_init(r, text, len, &s->macros);
	while (ok && pf_reader_next(r, st)) {
		struct content content = { false, false, false };

		ok = survey_statement(s, st, &content, depth);
		if (depth == 0)
			survey_places(s, st, &content);
		whole->translation |= content.translation;
		whole->dummynet |= content.dummynet;
		whole->filter |= content.filter;
	}
	if (ok && r->broken) {
		ok = false;
		snprintf(s->problem, sizeof(s->problem), "%s: it, or a file that it includes, ends inside quotes or braces; "
		    "\"pfctl -nf\" tells where", s->wish->file);
	}
	free(st);
	free(r);
	return ok;
}

/* 0, ENOMEM, or EINVAL with s->problem. */
static int
survey_make(struct survey *s, const char *text, size_t len, const struct pf_conf_wish *wish)
{
	const char *slash = wish->fallback != NULL ? strrchr(wish->fallback, '/') : NULL;
	struct content whole = { false, false, false };
	bool ok;

	memset(s, 0, sizeof(*s));
	s->wish = wish;
	s->translation_end = s->later = s->filter = NOWHERE;
	if (slash != NULL)
		snprintf(s->siblings, sizeof(s->siblings), "%.*s/*", (int)(slash - wish->fallback), wish->fallback);
	ok = survey_text(s, text, len, &whole, 0);
	pf_macros_free(&s->macros);
	if (ok)
		return 0;
	return s->problem[0] != '\0' ? EINVAL : ENOMEM;
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

static const char *
line_end(const char *text, size_t len)
{
	return ends_with(text, line_length(text, len), "\r\n") ? "\r\n" : "\n";
}

struct pieces {
	const char *text, *anchor, *eol;
	size_t      len, done;          /* of text */
	FILE       *out;
	bool        open;               /* its last line has no end yet */
};

static void
put_line(struct pieces *p, size_t at, const char *keyword)
{
	bool ends;

	at = at == NOWHERE ? p->len : at;
	ends = p->open && at == p->len;
	fwrite(p->text + p->done, 1, at - p->done, p->out);
	p->done = at;
	fprintf(p->out, "%s%s \"%s\"%s%s", ends ? p->eol : "", keyword, p->anchor, ends ? MARK_END : MARK, p->eol);
	p->open = p->open && !ends;
}

/* 0 or ENOMEM. */
static int
put_lines(const struct survey *s, const char *text, size_t len, struct pf_conf_result *out)
{
	const size_t rdr_at = s->translation_end != NOWHERE ? s->translation_end : s->later;
	struct pieces p = { .text = text, .len = len, .anchor = s->wish->anchor, .eol = line_end(text, len),
		.out = open_memstream(&out->text, &out->len), .open = len > 0 && text[len - 1] != '\n' };
	int failed;

	if (p.out == NULL)
		return ENOMEM;
	if (s->wish->nat && !s->nat)
		put_line(&p, rdr_at, "nat-anchor");
	if (s->wish->translation && !s->rdr)
		put_line(&p, rdr_at, "rdr-anchor");
	if (!s->anchor)
		put_line(&p, s->filter, "anchor");
	fwrite(text + p.done, 1, len - p.done, p.out);
	failed = ferror(p.out);
	return fclose(p.out) != 0 || failed ? ENOMEM : 0;
}

static bool
is_complete(const struct survey *s)
{
	return s->anchor && (s->rdr || !s->wish->translation) && (s->nat || !s->wish->nat);
}

/* Our lines must count: a text that ends in a backslash would swallow them. */
static int
verify(const struct pf_conf_wish *wish, struct pf_conf_result *out)
{
	struct survey *s = malloc(sizeof(*s));
	int error = s != NULL ? survey_make(s, out->text, out->len, wish) : ENOMEM;

	if (error == 0 && !is_complete(s)) {
		snprintf(out->problem, sizeof(out->problem), "%s: its last line goes on after its end; take the final "
		    "backslash away", wish->file);
		error = EINVAL;
	}
	free(s);
	return error;
}

static int
insert(const struct survey *s, const char *text, size_t len, struct pf_conf_result *out)
{
	int error;

	if (s->wish->translation && s->mixed && !s->anchor) {
		snprintf(out->problem, sizeof(out->problem), "%s: an included file has translation rules and filter rules; "
		    "put 'rdr-anchor \"%s\"' and 'anchor \"%s\"' between them by hand", s->wish->file, s->wish->anchor,
		    s->wish->anchor);
		return EINVAL;
	}
	error = put_lines(s, text, len, out);
	if (error == 0)
		error = verify(s->wish, out);
	if (error != 0) {
		free(out->text);
		out->text = NULL;
	}
	return error;
}

int
pf_conf_insert(const char *text, size_t len, const struct pf_conf_wish *wish, struct pf_conf_result *out)
{
	struct survey *s = malloc(sizeof(*s));
	int error = s != NULL ? survey_make(s, text, len, wish) : ENOMEM;

	memset(out, 0, sizeof(*out));
	if (error == EINVAL)
		memcpy(out->problem, s->problem, sizeof(out->problem));
	if (error == 0) {
		out->skips_lo = s->skips_lo;
		out->answer = is_complete(s) ? PF_CONF_THERE :
		    s->other_rdr && s->other_anchor ? PF_CONF_FALLBACK : PF_CONF_CHANGED;
		if (out->answer == PF_CONF_CHANGED)
			error = insert(s, text, len, out);
	}
	free(s);
	if (error == EINVAL)
		out->answer = PF_CONF_PROBLEM;
	return error == EINVAL ? 0 : error;
}

/* The mark at the end of this line, or NULL. *eol: how many bytes its end has. */
static const char *
mark_of(const char *line, size_t len, size_t *eol)
{
	*eol = ends_with(line, len, "\r\n") ? 2 : ends_with(line, len, "\n") ? 1 : 0;
	if (ends_with(line, len - *eol, MARK))
		return MARK;
	return ends_with(line, len - *eol, MARK_END) ? MARK_END : NULL;
}

int
pf_conf_undo(const char *text, size_t len, struct pf_conf_result *out)
{
	size_t at = 0, kept = 0, drop = 0;

	memset(out, 0, sizeof(*out));
	out->answer = PF_CONF_THERE;
	out->text = malloc(len + 1);
	if (out->text == NULL)
		return ENOMEM;
	while (at < len) {
		const size_t line = line_length(text + at, len - at);
		size_t eol;
		const char *mark = mark_of(text + at, line, &eol);

		if (mark == NULL) {
			memcpy(out->text + kept, text + at, line);
			kept += line;
			drop = 0; /* something was added behind: the line end is needed */
		} else {
			out->answer = PF_CONF_CHANGED;
			if (strcmp(mark, MARK_END) == 0 && ends_with(out->text, kept, eol == 2 ? "\r\n" : "\n"))
				drop = eol;
		}
		at += line;
	}
	out->len = kept - drop;
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
