#include "config.h"

#include "ctl/ask.h"

#include <signal.h>

/* The socket of the configuration; the default one if the configuration cannot be read. */
static void
socket_path(const struct ctl *ctl, char path[CONF_PATH_MAX + 1])
{
	struct conf_report *report = calloc(1, sizeof(*report));
	struct conf *conf = ctl->socket == NULL && report != NULL ? ctl_conf(ctl->file, report) : NULL;
	const char *configured = conf != NULL ? conf->control.socket : CONF_SOCKET_DEFAULT;

	snprintf(path, CONF_PATH_MAX + 1, "%s", ctl->socket != NULL ? ctl->socket : configured);
	conf_free(conf);
	free(report);
}

static void
explain(const char *path, int error, char why[ASK_WHY_MAX])
{
	if (path[0] == '\0')
		snprintf(why, ASK_WHY_MAX, "control.socket is \"\", so the daemon has no socket: set it to a path");
	else if (error == ENOENT || error == ECONNREFUSED)
		snprintf(why, ASK_WHY_MAX, "nobody listens at %s: start pfinterceptd, or name its socket with -s",
		    path);
	else if (error == EACCES || error == EPERM)
		snprintf(why, ASK_WHY_MAX, "%s is for root and control.group; use sudo", path);
	else
		snprintf(why, ASK_WHY_MAX, "%s: %s", path, strerror(error));
}

struct client *
ask_open(const struct ctl *ctl, unsigned seconds, char why[ASK_WHY_MAX])
{
	char path[CONF_PATH_MAX + 1];
	struct client *client;
	int error;

	signal(SIGPIPE, SIG_IGN);
	socket_path(ctl, path);
	error = client_open(path, seconds, &client);
	if (error != 0)
		explain(path, error, why);
	return client;
}

yajl_val
ask_first(struct client *client, const char **text, const char *members)
{
	const int error = client_ask(client, "%s", members);
	yajl_val answer = error == 0 ? client_line(client, text) : NULL;
	const char *why = error != 0 ? strerror(error) : answer != NULL ? member_text(answer, "error") :
	    "the daemon closed the connection";

	if (member_true(answer, "ok"))
		return answer;
	fprintf(stderr, "pfinterceptctl: %s\n", why != NULL ? why : "the daemon's answer is not valid");
	yajl_tree_free(answer);
	return NULL;
}

int
ask_run(const struct ctl *ctl, enum ask_kind kind, ask_show *show, const void *arg, const char *members)
{
	char why[ASK_WHY_MAX];
	struct client *client = ask_open(ctl, 0, why);
	const char *text;
	bool end = false;
	yajl_val line;

	if (client == NULL) {
		fprintf(stderr, "pfinterceptctl: %s\n", why);
		return CTL_FAILED;
	}
	line = ask_first(client, &text, members);
	for (bool first = true; line != NULL; first = false) {
		end = kind == ASK_LINE || member_true(line, "end");
		if (ctl->json && !(first && kind == ASK_WATCH))
			fputs(text, stdout);
		else if (!ctl->json && (first || !end))
			show(arg, line, first);
		yajl_tree_free(line);
		if (kind == ASK_WATCH)
			fflush(stdout);
		line = end || ferror(stdout) ? NULL : client_line(client, &text);
		if (line == NULL && !end)
			fprintf(stderr, "pfinterceptctl: the daemon closed the connection\n");
	}
	client_close(client);
	return end ? CTL_OK : CTL_FAILED;
}
