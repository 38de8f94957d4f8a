#include "config.h"

#include "kernel/pf/pf_states.h"

#include "host/command.h"
#include "kernel/pf/pf_text.h"

#define STATES_MAX (4u << 20)   /* bytes of "pfctl -s states" that are read */
#define KILL_MAX   256          /* pairs of addresses whose states are killed */
#define PFCTL_MS   5000

/* Parses "127.0.0.1:10080" or "::1[10080]", without the port. */
static bool
parse_host(char *text, union addr *out)
{
	char *port = strchr(text, '[');

	if (port == NULL)
		port = strrchr(text, ':');
	if (port == NULL)
		return false;
	*port = '\0';
	return addr_parse(text, 0, out) == 0;
}

/* ALL udp A <- D <- C STATE */
bool
pf_states_parse(const char *line, union addr *listener, union addr *destination, union addr *client)
{
	char texts[3][ADDR_TEXT_MAX];

	_Static_assert(ADDR_TEXT_MAX == 80, "the width of %79s below");
	return sscanf(line, "%*s %*s %79s <- %79s <- %79s", texts[0], texts[1], texts[2]) == 3 &&
	    parse_host(texts[0], listener) && parse_host(texts[1], destination) && parse_host(texts[2], client) &&
	    addr_is_loopback(listener);
}

static int
kill_run(const struct pf_env *env, const char *a, const char *b)
{
	const char *argv[] = { env->pfctl, "-q", "-k", a, "-k", b, NULL };
	char output[512];

	return command_run(argv, NULL, output, sizeof(output), PFCTL_MS);
}

struct pair { char a[ADDR_TEXT_MAX], b[ADDR_TEXT_MAX]; };

static void
pair_add(struct pair list[KILL_MAX], size_t *n, const union addr *a, const union addr *b)
{
	struct pair pair;

	memset(&pair, 0, sizeof(pair));
	addr_format_ip(a, pair.a);
	addr_format_ip(b, pair.b);
	for (size_t i = 0; i < *n; i++)
		if (memcmp(&list[i], &pair, sizeof(pair)) == 0)
			return;
	if (*n < KILL_MAX)
		list[(*n)++] = pair;
}

/* Each flow has two states: client to destination where it leaves, client to listener on lo0. */
static void
kill_by_host(const struct pf_env *env)
{
	const char *argv[] = { env->pfctl, "-s", "states", NULL };
	struct pair *pairs = calloc(KILL_MAX, sizeof(*pairs));
	char *text = malloc(STATES_MAX);
	union addr listener, destination, client;
	size_t n = 0;

	if (pairs != NULL && text != NULL && command_run(argv, NULL, text, STATES_MAX, PFCTL_MS) == 0)
		for (char *line = strtok(text, "\n"); line != NULL; line = strtok(NULL, "\n"))
			if (pf_states_parse(line, &listener, &destination, &client)) {
				pair_add(pairs, &n, &client, &destination);
				pair_add(pairs, &n, &client, &listener);
			}
	for (size_t i = 0; i < n; i++)
		kill_run(env, pairs[i].a, pairs[i].b);
	free(text);
	free(pairs);
}

void
pf_states_kill(const struct pf_env *env)
{
	if (!env->system->kill_by_label) {
		kill_by_host(env);
		return;
	}
	for (size_t i = 0; pf_labels[i] != NULL; i++)
		kill_run(env, "label", pf_labels[i]);
}
