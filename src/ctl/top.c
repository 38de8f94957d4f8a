/*
 * "top": a full-screen live view of the flows, by curses(3). It asks the daemon once a second and draws the answer.
 */
#include "config.h"

#include "ctl/top_internal.h"

#include <curses.h>
#include <langinfo.h>
#include <locale.h>
#include <unistd.h>

#include "ctl/show.h"

#define REFRESH_MS 1000
#define HEAD_LINES 3

static const char *const sorts[] = { "rate", "out", "in", "age", "host" };

/* The throughput of the last seconds, the newest at the right. */
static void
draw_sparkline(const struct top *t, int line)
{
	static const char *const blocks[] = { " ", "▁", "▂", "▃", "▄", "▅", "▆", "▇", "█" };
	static const char *const ascii[] = { " ", ".", ":", "-", "=", "+", "*", "%", "#" };
	size_t n = t->nhistory < HISTORY ? t->nhistory : HISTORY;
	double most = 1;

	if (n > (size_t)COLS)
		n = (size_t)COLS;
	for (size_t i = t->nhistory - n; i < t->nhistory; i++)
		if (t->history[i % HISTORY] > most)
			most = t->history[i % HISTORY];
	for (size_t i = 0; i < n; i++) {
		double share = t->history[(t->nhistory - n + i) % HISTORY] / most;

		mvaddstr(line, COLS - (int)(n - i), (t->utf8 ? blocks : ascii)[(int)(share * 8)]);
	}
}

static void
draw_head(const struct top *t)
{
	char uptime[SHOW_MAX], out[SHOW_MAX], in[SHOW_MAX], all_out[SHOW_MAX], all_in[SHOW_MAX];

	attron(A_BOLD);
	mvprintw(0, 0, "pfinterceptd %s", member_text(t->status, "state"));
	attroff(A_BOLD);
	printw(", up %s, %.0f flows, %.0f closed, %.0f failed%s", show_seconds(t->uptime, uptime),
	    member_number(t->status, "active"), member_number(t->status, "closed"), member_number(t->status, "failed"),
	    t->frozen ? " [frozen]" : "");
	mvprintw(1, 0, "out %s/s (%s)  in %s/s (%s)", show_bytes(t->rate_out, out), show_bytes(t->all_out, all_out),
	    show_bytes(t->rate_in, in), show_bytes(t->all_in, all_in));
	draw_sparkline(t, 2);
}

static void
draw_summary(const struct top *t, int line)
{
	char name[SHOW_MAX], out[SHOW_MAX], in[SHOW_MAX];

	for (size_t i = 0; i < t->nsummary; i++) {
		const char *state = member_text(t->summary[i], t->by_rule ? "action" : "state");

		if (state != NULL && strcmp(state, "down") == 0)
			attron(COLOR_PAIR(1));
		mvprintw(line + (int)i, 0, "%-5s %-3.0f %-14.14s %-8s %5.0f active %7.0f closed %4s out %4s in",
		    t->by_rule ? "rule" : "proxy",
		    member_number(t->summary[i], "id"), show_value("", member(t->summary[i], "name"), name),
		    state != NULL ? state : "-", member_number(t->summary[i], "active"),
		    member_number(t->summary[i], "closed"), show_bytes(member_number(t->summary[i], "out"), out),
		    show_bytes(member_number(t->summary[i], "in"), in));
		attroff(COLOR_PAIR(1));
	}
}

/* host: the width of its column. */
static void
draw_row(const struct row *row, int line, int host, bool selected)
{
	char out[SHOW_MAX], in[SHOW_MAX], rate_out[SHOW_MAX], rate_in[SHOW_MAX], age[SHOW_MAX];

	if (selected)
		attron(A_REVERSE);
	mvprintw(line, 0, "%6ju %-4.4s %-*.*s %4.0f %-6.6s %3.0f %5s %5s %4s %4s %6s", (uintmax_t)row->id, row->proto,
	    host, host, row->host, row->rule, row->action, row->proxy, show_bytes(row->rate_out, rate_out),
	    show_bytes(row->rate_in, rate_in), show_bytes(row->out, out), show_bytes(row->in, in),
	    show_seconds(row->age, age));
	if (selected)
		attroff(A_REVERSE);
}

/* HOST gets the width that the other columns leave: 22 of 80. */
static void
draw_table(struct top *t, int line)
{
	const int host = COLS > 79 ? COLS - 58 : 20, room = LINES - line - 2;

	attron(A_BOLD);
	mvprintw(line, 0, "%6s %-4s %-*s %4s %-6s %3s %5s %5s %4s %4s %6s", "ID", "PROT", host, "HOST", "RULE",
	    "ACTION", "PRX", "OUT/s", "IN/s", "OUT", "IN", "AGE");
	attroff(A_BOLD);
	if (room < 1)
		return;
	if (t->selected < t->first)
		t->first = t->selected;
	if (t->selected >= t->first + (size_t)room)
		t->first = t->selected - (size_t)room + 1;
	for (int i = 0; i < room && t->first + (size_t)i < t->nsorted; i++)
		draw_row(t->sorted[t->first + (size_t)i], line + 1 + i, host, t->first + (size_t)i == t->selected);
}

static void
draw(struct top *t)
{
	erase();
	draw_head(t);
	draw_summary(t, HEAD_LINES);
	draw_table(t, HEAD_LINES + (int)t->nsummary);
	mvprintw(LINES - 1, 0, "%.*s", COLS - 1, t->message[0] != '\0' ? t->message :
	    "q quit s sort / filter r rules k kill p pause space freeze");
	mvprintw(LINES - 1, COLS > 79 ? COLS - 22 : 58, " %-6.6s %-13.13s", sorts[t->sort], t->filter);
	refresh();
}

static void
ask(const char *question)
{
	timeout(-1);
	move(LINES - 1, 0);
	clrtoeol();
	addstr(question);
}

/* Reads a line of text at the bottom, with echo. */
static void
ask_text(const char *question, char out[TEXT_MAX])
{
	ask(question);
	echo();
	getnstr(out, TEXT_MAX - 1);
	noecho();
	timeout(REFRESH_MS);
}

static bool
ask_yes(const char *question)
{
	int key;

	ask(question);
	addstr(" (y/n) ");
	key = getch();
	timeout(REFRESH_MS);
	return key == 'y';
}

/* Asks the daemon and shows its answer as the message; done: for an answer without one. */
static void
top_ask(struct top *t, const char *members, const char *done)
{
	yajl_val answer = client_ask(t->client, "%s", members) == 0 ? client_line(t->client, NULL) : NULL;
	const char *error = member_text(answer, "error"), *message = member_text(answer, "message");

	snprintf(t->message, sizeof(t->message), "%s", error != NULL ? error : message != NULL ? message : done);
	yajl_tree_free(answer);
}

static void
top_kill(struct top *t)
{
	char question[400], members[64];

	if (t->nsorted == 0)
		return;
	snprintf(question, sizeof(question), "End flow %ju to %s?", (uintmax_t)t->selected_id,
	    t->sorted[t->selected]->host);
	if (!ask_yes(question))
		return;
	snprintf(members, sizeof(members), "\"verb\":\"kill\",\"id\":%ju", (uintmax_t)t->selected_id);
	top_ask(t, members, "the flow has been ended");
}

static void
top_pause(struct top *t)
{
	const char *state = member_text(t->status, "state");
	const bool paused = state != NULL && strcmp(state, "paused") == 0;

	if (ask_yes(paused ? "Intercept again?" : "Intercept nothing until you resume?"))
		top_ask(t, paused ? "\"verb\":\"resume\"" : "\"verb\":\"pause\"", "");
}

static void
top_select(struct top *t, long step)
{
	long to = (long)t->selected + step;

	if (t->nsorted == 0)
		return;
	t->selected = to < 0 ? 0 : (size_t)to >= t->nsorted ? t->nsorted - 1 : (size_t)to;
	t->selected_id = t->sorted[t->selected]->id;
}

/* False: the end. */
static bool
top_key(struct top *t, int key)
{
	if (key != ERR)
		t->message[0] = '\0';
	switch (key) {
	case 'q': return false;
	case 's': t->sort = (t->sort + 1) % SORTS; break;
	case '/': ask_text("Show flows with: ", t->filter); break;
	case 'k': top_kill(t); break;
	case 'p': top_pause(t); break;
	case 'r': t->by_rule = !t->by_rule; break;
	case ' ': t->frozen = !t->frozen; break;
	case KEY_DOWN: top_select(t, 1); break;
	case KEY_UP: top_select(t, -1); break;
	case KEY_NPAGE: top_select(t, LINES / 2); break;
	case KEY_PPAGE: top_select(t, -LINES / 2); break;
	case KEY_HOME: top_select(t, -(long)t->nsorted); break;
	case KEY_END: top_select(t, (long)t->nsorted); break;
	default: break;
	}
	return true;
}

static bool
top_loop(struct top *t)
{
	int key = ERR;

	initscr();
	cbreak();
	noecho();
	keypad(stdscr, TRUE);
	curs_set(0);
	timeout(REFRESH_MS);
	if (has_colors()) {
		start_color();
		use_default_colors();
		init_pair(1, COLOR_RED, -1);
	}
	do {
		if (key == ERR && !t->frozen && !top_refresh(t))
			break;
		top_sort(t);
		draw(t);
		key = getch();
	} while (top_key(t, key));
	endwin();
	return key == 'q';
}

int
top_run(const struct ctl *ctl, int argc, char **argv)
{
	struct top t = { .client = NULL };
	char why[ASK_WHY_MAX];
	bool good;

	if (!isatty(STDOUT_FILENO) || !isatty(STDIN_FILENO)) {
		fprintf(stderr, "pfinterceptctl: top needs a terminal; use \"connections\" without one\n");
		return CTL_FAILED;
	}
	setlocale(LC_CTYPE, "");
	t.utf8 = strcmp(nl_langinfo(CODESET), "UTF-8") == 0;
	t.client = ask_open(ctl, 0, why);
	if (t.client == NULL) {
		fprintf(stderr, "pfinterceptctl: %s\n", why);
		return CTL_FAILED;
	}
	good = top_loop(&t);
	top_free(&t);
	client_close(t.client);
	if (!good)
		fprintf(stderr, "pfinterceptctl: the daemon has ended\n");
	return good ? CTL_OK : CTL_FAILED;
}
