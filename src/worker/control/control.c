#include "config.h"

#include "worker/control/control.h"

#include <stdarg.h>
#include <unistd.h>

#include "base/log.h"
#include "host/listener.h"
#include "worker/control/control_internal.h"
#include "worker/record/control_json.h"

#define PIECE_BYTES 65536       /* output of a stream before other clients and flows have their turn */
#define HTTP_MAX    8192        /* the head of a request */
#define COUNT_MS    1000        /* for the firewall's counter; after that the last one is shown */
#define SAMPLE_S    5.          /* throughput is measured over the last 5 to 10 seconds */

static void
client_free(struct control_client *c)
{
	struct ev_loop *loop = c->control->env->loop;

	if (c->asked != 0)
		ipc_cancel(c->control->env->ipc, c->asked);
	ev_io_stop(loop, &c->readable);
	ev_io_stop(loop, &c->writable);
	ev_timer_stop(loop, &c->stalled);
	close(c->fd);
	buffer_free(&c->in);
	buffer_free(&c->out);
	LIST_REMOVE(c, next);
	c->control->nclients--;
	free(c);
}

/* Waits until output can be written. */
static void
client_wake(struct control_client *c)
{
	struct ev_loop *loop = c->control->env->loop;

	ev_io_start(loop, &c->writable);
	if (!ev_is_active(&c->stalled))
		ev_timer_again(loop, &c->stalled);
}

/* Queues output. If the buffer is full, the client is closed after the output before it. */
static void
client_append(struct control_client *c, const void *bytes, size_t len)
{
	if (buffer_append(&c->out, bytes, len) == 0)
		return;
	c->closing = true;
	c->watching = false;
	c->streaming = NULL;
}

yajl_gen
control_line(struct control_client *c)
{
	yajl_gen gen = c->control->gen;

	yajl_gen_clear(gen);
	yajl_gen_reset(gen, NULL);
	yajl_gen_map_open(gen);
	return gen;
}

void
control_line_end(struct control_client *c)
{
	yajl_gen gen = c->control->gen;
	const unsigned char *text;
	size_t len;

	yajl_gen_map_close(gen);
	if (yajl_gen_get_buf(gen, &text, &len) == yajl_gen_status_ok) {
		client_append(c, text, len);
		client_append(c, "\n", 1);
	}
	client_wake(c);
}

yajl_gen
control_answer(struct control_client *c)
{
	yajl_gen gen = control_line(c);

	put_number(gen, "v", CONTROL_VERSION);
	put_bool(gen, "ok", true);
	return gen;
}

void
control_error(struct control_client *c, const char *fmt, ...)
{
	char text[1400];
	va_list args;
	yajl_gen gen;

	va_start(args, fmt);
	vsnprintf(text, sizeof(text), fmt, args);
	va_end(args);
	gen = control_line(c);
	put_number(gen, "v", CONTROL_VERSION);
	put_bool(gen, "ok", false);
	put_text(gen, "error", text);
	control_line_end(c);
}

static void
client_begin(struct control_client *c, const struct control_verb *verb)
{
	if (!verb->begin(c, control_answer(c)))
		return;
	control_line_end(c);
	if (verb->more != NULL && !c->closing)
		c->streaming = verb;
}

static void
client_write_metrics(struct control_client *c)
{
	if (c->control->scrape(c->control, &c->out) != 0)
		log_warn("the metrics do not fit into %u bytes", CONTROL_OUT_MAX);
	c->closing = true;
	client_wake(c);
}

static void
client_counted_cb(void *arg, int error, const struct ipc_msg *msg, int fd)
{
	struct control_client *c = arg;

	if (fd != -1)
		close(fd);
	if (error == 0)
		account_set(c->control->env->account, COUNT_NOT_INTERCEPTED, msg->count.flows);
	if (c->verb != NULL)
		client_begin(c, c->verb);
	else
		client_write_metrics(c);
	control_answered(c);
}

/* Asks the helper for the firewall's counter, before the verb or (NULL) the metrics. False: it cannot be asked. */
static bool
client_count(struct control_client *c, const struct control_verb *verb)
{
	struct ipc_msg msg = { .type = IPC_COUNT };

	c->verb = verb;
	c->asked = ipc_request(c->control->env->ipc, &msg, COUNT_MS, client_counted_cb, c);
	return c->asked != 0;
}

static void
client_request(struct control_client *c, const char *line, size_t len)
{
	const struct control_verb *verb;
	char error[160];

	if (control_request_parse(line, len, &c->request, error, sizeof(error)) != 0) {
		control_error(c, "%s", error);
		return;
	}
	for (verb = c->control->verbs; verb->name != NULL && strcmp(verb->name, c->request.verb) != 0; )
		verb++;
	if (verb->name == NULL) {
		control_error(c, "\"%s\" is not a verb", c->request.verb);
		return;
	}
	c->cursor = 0;
	if (!verb->counts || !client_count(c, verb))
		client_begin(c, verb);
}

/* Answers an HTTP request whose head is complete (RFC 9112: up to an empty line); only its first line counts. */
static void
client_scrape(struct control_client *c)
{
	static const char refused[] = "HTTP/1.1 404 Not Found\r\nConnection: close\r\nContent-Length: 0\r\n\r\n";
	const char *head = (const char *)buffer_data(&c->in);
	const size_t len = buffer_len(&c->in);

	if (c->asked != 0 || c->closing || memmem(head, len, "\r\n\r\n", 4) == NULL)
		return;
	if (len < 13 || memcmp(head, "GET /metrics", 12) != 0 || strchr(" ?", head[12]) == NULL) {
		client_append(c, refused, sizeof(refused) - 1);
		c->closing = true;
		client_wake(c);
	} else if (!client_count(c, NULL)) {
		client_write_metrics(c);
	}
	buffer_consume(&c->in, len);
}

/* Handles the requests that have arrived, each after the answer to the one before. */
static void
client_go_on(struct control_client *c)
{
	const char *line, *end;
	size_t len;

	if (c->kind == CONTROL_METRICS) {
		client_scrape(c);
		return;
	}
	while (c->streaming == NULL && c->asked == 0 && !c->watching && !c->closing) {
		line = (const char *)buffer_data(&c->in);
		end = buffer_len(&c->in) > 0 ? memchr(line, '\n', buffer_len(&c->in)) : NULL;
		if (end == NULL)
			break;
		len = (size_t)(end - line);
		client_request(c, line, len);
		buffer_consume(&c->in, len + 1);
	}
}

void
control_answered(struct control_client *c)
{
	c->asked = 0;
	client_go_on(c);
}

static bool
client_is_busy(const struct control_client *c)
{
	return buffer_len(&c->out) > 0 || c->streaming != NULL || c->asked != 0;
}

static void
client_read_cb(struct ev_loop *loop, ev_io *w, int revents)
{
	struct control_client *c = w->data;
	uint8_t *to = buffer_reserve(&c->in, 1);
	ssize_t n;

	/* the buffer is full of requests that wait for an answer: read on after it */
	if (to == NULL && (c->streaming != NULL || c->asked != 0)) {
		ev_io_stop(loop, w);
		return;
	}
	n = to != NULL ? read(c->fd, to, c->in.size - c->in.end) : 0;
	if (n == -1 && (errno == EAGAIN || errno == EINTR))
		return;
	if (n > 0) {
		buffer_commit(&c->in, (size_t)n);
		client_go_on(c);
		return;
	}
	/* a client that has shut down its side may still wait for answers */
	c->ended = true;
	ev_io_stop(loop, w);
	if (n == -1 || c->watching || !client_is_busy(c))
		client_free(c);
}

/* Queues the next piece of a stream. */
static void
client_fill(struct control_client *c)
{
	yajl_gen gen;

	while (c->streaming != NULL && buffer_len(&c->out) < PIECE_BYTES) {
		gen = control_line(c);
		if (c->streaming->more(c, gen)) {
			control_line_end(c);
			continue;
		}
		c->streaming = NULL;
		if (c->watching)
			continue;
		put_bool(gen, "end", true);
		control_line_end(c);
		client_go_on(c);
	}
}

static void
client_write_cb(struct ev_loop *loop, ev_io *w, int revents)
{
	struct control_client *c = w->data;
	ssize_t n;

	client_fill(c);
	n = write(c->fd, buffer_data(&c->out), buffer_len(&c->out));
	if (n == -1 && errno != EAGAIN && errno != EINTR) {
		client_free(c);
		return;
	}
	if (n > 0) {
		buffer_consume(&c->out, (size_t)n);
		ev_timer_again(loop, &c->stalled);
	}
	if (buffer_len(&c->out) > 0 || c->streaming != NULL)
		return;
	ev_io_stop(loop, w);
	ev_timer_stop(loop, &c->stalled);
	if (c->closing || (c->ended && !client_is_busy(c)))
		client_free(c);
	else if (!c->ended)
		ev_io_start(loop, &c->readable);
}

static void
client_stalled_cb(struct ev_loop *loop, ev_timer *w, int revents)
{
	struct control_client *c = w->data;

	log_debug("a client of the control socket does not read; cut off");
	client_free(c);
}

static void
control_accept(struct control *control, int fd, enum control_kind kind)
{
	struct control_client *c = control->nclients < CONTROL_CLIENTS ? calloc(1, sizeof(*c)) : NULL;

	if (c == NULL) {
		close(fd);
		return;
	}
	c->control = control;
	c->kind = kind;
	c->fd = fd;
	buffer_init(&c->in, kind == CONTROL_METRICS ? HTTP_MAX : CONTROL_LINE_MAX + 1);
	buffer_init(&c->out, CONTROL_OUT_MAX);
	ev_io_init(&c->readable, client_read_cb, fd, EV_READ);
	ev_io_init(&c->writable, client_write_cb, fd, EV_WRITE);
	ev_init(&c->stalled, client_stalled_cb);
	c->stalled.repeat = CONTROL_STALL_S;
	c->readable.data = c->writable.data = c->stalled.data = c;
	LIST_INSERT_HEAD(&control->clients, c, next);
	control->nclients++;
	ev_io_start(control->env->loop, &c->readable);
	if (kind == CONTROL_METRICS)
		ev_timer_again(control->env->loop, &c->stalled);
}

static void
control_accept_cb(void *arg, int fd, const union addr *peer)
{
	control_accept(arg, fd, CONTROL_REQUESTS);
}

static void
metrics_accept_cb(void *arg, int fd, const union addr *peer)
{
	control_accept(arg, fd, CONTROL_METRICS);
}

static void
control_event_cb(void *arg, const struct flow_record *r, bool ended)
{
	struct control *control = arg;
	struct control_client *c;
	yajl_gen gen;

	LIST_FOREACH(c, &control->clients, next) {
		if (!c->watching)
			continue;
		gen = control_line(c);
		put_text(gen, "event", ended ? "end" : "begin");
		put_flow(gen, r, ev_now(control->env->loop), ended);
		control_line_end(c);
	}
}

static void
control_sample_cb(struct ev_loop *loop, ev_timer *w, int revents)
{
	struct control *control = w->data;
	struct traffic all;

	account_settle(control->env->account);
	all = account_traffic(control->env->account);
	control->before = control->last;
	control->last = (struct control_sample){ ev_now(loop), all.out, all.in };
}

struct control *
control_new(const struct worker_env *env, const struct overheard *overheard, const struct control_verb *verbs,
    control_scrape *scrape)
{
	struct control *control = calloc(1, sizeof(*control));

	if (control == NULL || (control->gen = yajl_gen_alloc(NULL)) == NULL) {
		free(control);
		return NULL;
	}
	control->env = env;
	control->overheard = overheard;
	control->verbs = verbs;
	control->scrape = scrape;
	LIST_INIT(&control->clients);
	control->before.at = control->last.at = ev_now(env->loop);
	ev_timer_init(&control->sampler, control_sample_cb, SAMPLE_S, SAMPLE_S);
	control->sampler.data = control;
	ev_timer_start(env->loop, &control->sampler);
	account_watch(env->account, control_event_cb, control);
	return control;
}

void
control_free(struct control *control)
{
	struct control_client *c;

	if (control == NULL)
		return;
	while ((c = LIST_FIRST(&control->clients)) != NULL)
		client_free(c);
	for (int kind = 0; kind < CONTROL_KINDS; kind++)
		listener_free(control->listeners[kind]);
	account_watch(control->env->account, NULL, NULL);
	ev_timer_stop(control->env->loop, &control->sampler);
	yajl_gen_free(control->gen);
	free(control);
}

int
control_listen(struct control *control, int fd, enum control_kind kind)
{
	struct listener *l = NULL;

	if (fd != -1)
		l = listener_new(control->env->loop, fd,
		    kind == CONTROL_METRICS ? metrics_accept_cb : control_accept_cb, control);
	if (fd != -1 && l == NULL)
		return ENOMEM;
	listener_free(control->listeners[kind]);
	control->listeners[kind] = l;
	return 0;
}
