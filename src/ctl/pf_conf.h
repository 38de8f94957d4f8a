/*
 * pf_conf.h - adds the lines that evaluate our anchor to a pf.conf(5) text, and removes them.
 *
 * Pure except for pf_conf_diff(): text in, text out. Each added line ends in a mark; undo removes the marked lines and
 * gives the previous text, byte for byte.
 *
 *   nat-anchor "interceptor" # pfinterceptctl setup      after the last translation rule
 *   rdr-anchor "interceptor" # pfinterceptctl setup      with it
 *   anchor "interceptor" # pfinterceptctl setup          before the first filter rule, which could take its packets
 *
 * The first word of a statement tells its section. An include or a macro in front of that place hides rules, so the
 * text is refused. Whether the result is valid is for "pfctl -nf" to say.
 *
 * Owner:   result->text is malloc'd and the caller's; NULL unless the answer is PF_CONF_CHANGED.
 * Errors:  0 or ENOMEM; a fault of the text is an answer.
 * Source:  pf.conf(5), and the order that pfctl(8) enforces: options, normalization, queueing, translation,
 *          (macOS: dummynet,) filtering.
 */
#pragma once

struct pf_conf_wish {
	const char *file;               /* for messages */
	const char *anchor;
	bool        translation;        /* this pf has rdr-anchor */
	bool        nat;                /* our anchor has nat rules */
	const char *fallback;           /* "PARENT/PREFIX": our anchor lives there if the text evaluates PARENT/ *;
	                                 * or NULL */
};

enum pf_conf_answer {
	PF_CONF_CHANGED,                /* text is the new one */
	PF_CONF_THERE,                  /* nothing to add, or nothing to remove */
	PF_CONF_FALLBACK,               /* the text evaluates the fallback: nothing to add */
	PF_CONF_PROBLEM                 /* problem names the fault and the cure */
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

/* Prints the change as diff(1) does. file: its name in the heading; before: the path of the present text; after: the
 * new text, NUL-terminated. 0 or an errno value of command.h. */
int pf_conf_diff(FILE *out, const char *file, const char *before, const char *after);
