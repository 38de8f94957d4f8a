#include "config.h"

#include "ctl/pf_conf.h"

#include <ctype.h>

#include "host/command.h"

#define MARK      " # pfinterceptctl setup"
/* On the first line added to a text whose last line had no end. */
#define MARK_END  " # pfinterceptctl setup (added a line end)"
#define NOWHERE   SIZE_MAX
#define WORDS     24            /* of a statement; more are not needed */
#define DIFF_MAX  (1 << 20)
#define DIFF_MS   10000

/* The section of a statement. HIDDEN: an include or a macro, which can hold rules of any section. */
enum section { OTHER, TRANSLATION, DUMMYNET, FILTER, HIDDEN };

/* Statements that evaluate an anchor; bits. The first two are translation rules. */
enum { NAT_ANCHOR = 1, RDR_ANCHOR = 2, ANCHOR = 4 };
static const char *const references[] = { "nat-anchor", "rdr-anchor", "anchor" };

struct statement {
	size_t start;                   /* offset of its first line, or of the comment lines right above it */
	size_t end;                     /* after its last newline */
	char   text[1024];              /* without comments, quotes and braces; cut off */
	char  *words[WORDS];
	size_t nwords;
};

struct survey {
	unsigned ours, others;          /* anchors that the text evaluates: ours, the fallback's */
	unsigned lacks;                 /* of ours */
	bool     skips_lo;
	size_t   translation_end;       /* of the last translation rule in its section */
	size_t   later;                 /* start of the first rule of a later section */
	size_t   filter;                /* start of the first filter rule */
	size_t   hidden;                /* start of the first HIDDEN statement before that */
};

static enum section
section_of(const struct statement *st)
{
	static const struct { const char *word; enum section section; } words[] = {
		{ "nat", TRANSLATION }, { "rdr", TRANSLATION }, { "binat", TRANSLATION },
		{ "nat-anchor", TRANSLATION }, { "rdr-anchor", TRANSLATION }, { "binat-anchor", TRANSLATION },
		{ "dummynet", DUMMYNET }, { "dummynet-anchor", DUMMYNET },
		{ "pass", FILTER }, { "block", FILTER }, { "match", FILTER }, { "antispoof", FILTER },
		{ "anchor", FILTER }, { "include", HIDDEN },
	};
	const char *word = st->words[st->nwords > 1 && strcmp(st->words[0], "no") == 0]; /* no rdr on lo0 ... */

	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		if (strcmp(word, words[i].word) == 0)
			return words[i].section;
	return word[0] == '$' ? HIDDEN : OTHER;
}

/* Reads from pos to the end of a line that is not inside quotes or braces, and not continued by a backslash (which
 * continues a comment, too). Gives the offset of the next line. commented: the line has a comment. */
static size_t
read_line(const char *text, size_t len, size_t pos, char *out, size_t size, bool *commented)
{
	bool comment = false;
	int quote = 0, depth = 0;
	size_t used = 0;

	for (*commented = false; pos < len; pos++) {
		const char c = text[pos];

		if (c == '\\' && pos + 1 < len && text[pos + 1] == '\n') {
			pos++;
		} else if (comment || (c == '#' && quote == 0)) {
			*commented = true;
			comment = c != '\n';
		} else if (quote != 0) {
			quote = c == quote ? 0 : quote;
		} else if ((c == '"' || c == '\'') && (pos == 0 || strchr(" \t\n{}(=,!<>", text[pos - 1]) != NULL)) {
			quote = c; /* but a quote inside a word opens nothing */
		} else
			depth += (c == '{') - (c == '}');
		if (!comment && used + 1 < size)
			out[used++] = c;
		if (c == '\n' && !comment && quote == 0 && depth <= 0) {
			pos++;
			break;
		}
	}
	out[used] = '\0';
	return pos;
}

/* The next statement at or after pos, in st; st->end is where to go on. False: there is none. */
static bool
next_statement(const char *text, size_t len, size_t pos, struct statement *st)
{
	bool above = false, commented;  /* only comments since start */
	char *word, *rest;

	for (st->nwords = 0; st->nwords == 0 && pos < len; pos = st->end) {
		if (!above)
			st->start = pos;
		st->end = read_line(text, len, pos, st->text, sizeof(st->text), &commented);
		for (rest = st->text; st->nwords < WORDS && (word = strsep(&rest, " \t\r\n\"'{},\\")) != NULL;)
			if (*word != '\0')
				st->words[st->nwords++] = word;
		above = commented;
	}
	return st->nwords > 0;
}

static void
note_statement(struct survey *s, const struct statement *st, const char *anchor, const char *siblings)
{
	const enum section section = section_of(st);

	for (unsigned i = 0; st->nwords > 1 && i < 3; i++)
		if (strcmp(st->words[0], references[i]) == 0) {
			s->ours |= strcmp(st->words[1], anchor) == 0 ? 1u << i : 0;
			s->others |= strcmp(st->words[1], siblings) == 0 ? 1u << i : 0;
		}
	/* set skip on { lo0 em1 } */
	for (size_t i = 3; i < st->nwords && strcmp(st->words[0], "set") == 0 && strcmp(st->words[1], "skip") == 0; i++)
		s->skips_lo |= strcmp(st->words[i], "lo") == 0 || strcmp(st->words[i], "lo0") == 0;
	if (section == TRANSLATION && s->later == NOWHERE)
		s->translation_end = st->end;
	if ((section == DUMMYNET || section == FILTER) && s->later == NOWHERE)
		s->later = st->start;
	if (section == FILTER && s->filter == NOWHERE)
		s->filter = st->start;
	if (section == HIDDEN && s->filter == NOWHERE && s->hidden == NOWHERE)
		s->hidden = st->start;
}

static void
survey_make(struct survey *s, const char *text, size_t len, const struct pf_conf_wish *wish)
{
	const char *slash = wish->fallback != NULL ? strrchr(wish->fallback, '/') : NULL;
	char siblings[64] = "";         /* "com.apple/ *" without the blank */
	struct statement st;

	*s = (struct survey){ .translation_end = NOWHERE, .later = NOWHERE, .filter = NOWHERE, .hidden = NOWHERE };
	if (slash != NULL)
		snprintf(siblings, sizeof(siblings), "%.*s/*", (int)(slash - wish->fallback), wish->fallback);
	for (size_t pos = 0; next_statement(text, len, pos, &st); pos = st.end)
		note_statement(s, &st, wish->anchor, siblings);
	s->lacks = (ANCHOR | (wish->translation ? RDR_ANCHOR : 0) | (wish->nat ? NAT_ANCHOR : 0)) & ~s->ours;
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
put_lines(const struct survey *s, const char *anchor, const char *text, size_t len, struct pf_conf_result *out)
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
		fprintf(f, "%s%s \"%s\"%s%s", ends ? eol : "", references[i], anchor, ends ? MARK_END : MARK, eol);
		done = at;
		open = open && !ends;
	}
	fwrite(text + done, 1, len - done, f);
	failed = ferror(f);
	return fclose(f) != 0 || failed ? ENOMEM : 0;
}

/* Names the line of the fault and the lines to add by hand. */
static void
refuse(struct pf_conf_result *out, const struct pf_conf_wish *wish, const char *text, size_t at, const char *fault)
{
	size_t line = 1;

	while (at > 0)
		line += text[--at] == '\n';
	snprintf(out->problem, sizeof(out->problem), "%s:%zu: %s; add 'anchor \"%s\"' by hand before the first filter "
	    "rule%s%s%s", wish->file, line, fault, wish->anchor, wish->nat ? ", a nat-anchor" : "",
	    wish->nat ? " and" : wish->translation ? "," : "",
	    wish->translation ? " a rdr-anchor of that name after the last translation rule" : "");
}

int
pf_conf_insert(const char *text, size_t len, const struct pf_conf_wish *wish, struct pf_conf_result *out)
{
	struct survey s, after;

	*out = (struct pf_conf_result){ .answer = PF_CONF_PROBLEM };
	survey_make(&s, text, len, wish);
	out->skips_lo = s.skips_lo;
	if (s.lacks == 0) {
		out->answer = PF_CONF_THERE;
	} else if ((s.others & (RDR_ANCHOR | ANCHOR)) == (RDR_ANCHOR | ANCHOR)) {
		out->answer = PF_CONF_FALLBACK;
	} else if (s.hidden != NOWHERE) {
		refuse(out, wish, text, s.hidden, "an include or a macro hides rules from setup");
	} else {
		if (put_lines(&s, wish->anchor, text, len, out) != 0)
			return ENOMEM;
		survey_make(&after, out->text, out->len, wish);
		if (after.lacks == 0) {
			out->answer = PF_CONF_CHANGED;
			return 0;
		}
		refuse(out, wish, text, len, "the last statement does not end (quotes, braces or a backslash)");
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
