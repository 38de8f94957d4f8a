/*
 * What rules cost: loads configurations with 10 to 100,000 patterns and asks which rule wins.
 *
 * Built by "make tests/bench/matcher" (an EXTRA_PROGRAM: "make" and "make check" leave it alone); run without
 * arguments. Prints one line a shape and size: milliseconds of conf_parse_files() for the whole text, its peak of
 * memory in KiB, and nanoseconds of rule_match() for hosts or addresses that a pattern matches, each time
 * another one, and for such that none matches. Times are those of the processor.
 */
#include "config.h"

#include <sys/resource.h>
#include <sys/wait.h>

#include <time.h>
#include <unistd.h>

#include "conf/rule.h"

#define QUESTIONS 100000
#define ROUNDS    10

enum shape { ONE_RULE, MANY_RULES, NAMES_FILE, NETWORKS, SHAPES };

static const char *const shape_names[] = { "names in one rule", "a rule for each name", "names in a file", "networks in one rule" };

struct questions {
	char       hosts[QUESTIONS][48];
	union addr addrs[QUESTIONS];
};

static double
now_ms(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &ts);
	return (double)ts.tv_sec * 1e3 + (double)ts.tv_nsec / 1e6;
}

static long
peak_kib(void)
{
	struct rusage usage;

	getrusage(RUSAGE_SELF, &usage);
	return usage.ru_maxrss;
}

/* The same number gives the same pattern each time, spread all over. */
static unsigned
scatter(unsigned i)
{
	return i * 2654435761u;
}

static void
pattern_print(char *out, size_t size, enum shape shape, unsigned i)
{
	static const char *const forms[] = { "host%u.example%u.com", "*.zone%u.example%u.net", "app%u.team%u.*" };
	const unsigned x = scatter(i);

	if (shape == NETWORKS)
		snprintf(out, size, "%u.%u.%u.%u/%u", (x >> 24) % 224, x >> 16 & 255, x >> 8 & 255, x & 255 & (0xff00u >> i % 8), 24 + i % 8);
	else
		snprintf(out, size, forms[i % 3], x, i % 1000);
}

static void
question_set(struct questions *q, size_t at, enum shape shape, unsigned i, bool hit)
{
	const unsigned x = scatter(i);
	const uint8_t bytes[4] = { hit ? (uint8_t)((x >> 24) % 224) : 240, (uint8_t)(x >> 16), (uint8_t)(x >> 8), (uint8_t)x };
	char pattern[64];

	pattern_print(pattern, sizeof(pattern), ONE_RULE, i);
	addr_from_bytes(&q->addrs[at], AF_INET, bytes, 443);
	snprintf(q->hosts[at], sizeof(q->hosts[at]), "%s%s%.*s%s", hit ? "" : "no", pattern[0] == '*' ? "www" : "",
	    (int)strcspn(pattern + (pattern[0] == '*'), "*"), pattern + (pattern[0] == '*'),
	    pattern[strlen(pattern) - 1] == '*' ? "example.org" : hit ? "" : ".invalid");
	if (shape == NETWORKS)
		q->hosts[at][0] = '\0';
}

static double
ask(const struct conf *conf, struct questions *q, enum shape shape, unsigned count, bool hit)
{
	unsigned wrong = 0;
	double began;

	for (unsigned i = 0; i < QUESTIONS; i++)
		question_set(q, i, shape, scatter(i) % count, hit);
	began = now_ms();
	for (unsigned round = 0; round < ROUNDS; round++)
		for (unsigned i = 0; i < QUESTIONS; i++) {
			const struct rule_query query = { shape == NETWORKS ? NULL : q->hosts[i], &q->addrs[i], IPPROTO_TCP, 443,
				RULE_USER_UNKNOWN };

			wrong += (rule_match(conf, &query).rule != NULL) != hit;
		}
	began = now_ms() - began;
	if (wrong > 0)
		fprintf(stderr, "%u wrong answers\n", wrong);
	return began * 1e6 / QUESTIONS / ROUNDS;
}

static char *
text_make(enum shape shape, unsigned count)
{
	static const char proxies[] = "{\"proxies\":[{\"id\":1,\"host\":\"192.0.2.1\",\"port\":1080,\"proxy_type\":\"Socks5\"}],\"rules\":[";
	const size_t size = (size_t)count * 160 + 512;
	char *text = malloc(size), pattern[64];
	size_t used;

	if (text == NULL)
		exit(1);
	used = (size_t)snprintf(text, size, "%s", proxies);
	for (unsigned i = 0; i < count; i++) {
		pattern_print(pattern, sizeof(pattern), shape, i);
		if (shape == MANY_RULES || i == 0)
			used += (size_t)snprintf(text + used, size - used, "%s{\"id\":%u,\"name\":\"Rule\",\"enabled\":true,\"proxy_id\":1,"
			    "\"pattern\":\"%s", i > 0 ? "\"}," : "", i + 1, pattern);
		else
			used += (size_t)snprintf(text + used, size - used, ";%s", pattern);
	}
	snprintf(text + used, size - used, "\"}]}");
	return text;
}

static struct conf_text *
list_make(unsigned count)
{
	const size_t size = (size_t)count * 64 + 1;
	struct conf_text *list = malloc(sizeof(*list) + size);

	if (list == NULL)
		exit(1);
	list->len = 0;
	for (unsigned i = 0; i < count; i++) {
		pattern_print(list->bytes + list->len, 63, NAMES_FILE, i);
		list->len += strlen(list->bytes + list->len);
		list->bytes[list->len++] = '\n';
	}
	list->bytes[list->len] = '\0';
	return list;
}

static int
list_give(void *arg, const char *path, const char *user, const struct conf_text **text)
{
	(void)path, (void)user;
	*text = arg;
	return 0;
}

static int
measure(enum shape shape, unsigned count)
{
	static struct conf_report report;
	static struct questions questions;
	struct conf_text *list = list_make(shape == NAMES_FILE ? count : 1);
	char *text = shape == NAMES_FILE ? strdup("{\"rules\":[{\"id\":1,\"pattern_file\":\"x\",\"action\":\"block\"}]}") :
	    text_make(shape, count);
	const size_t len = strlen(text);
	const long before = peak_kib();
	double load = now_ms(), hit, miss;
	struct conf *conf = conf_parse_files("bench", text, len, list_give, list, &report);
	long memory;

	load = now_ms() - load;
	memory = peak_kib() - before;
	if (conf == NULL) {
		fprintf(stderr, "%s\n", report.error);
		return 1;
	}
	if (report.nwarnings > 0)
		fprintf(stderr, "%s\n", report.warnings[0]);
	hit = ask(conf, &questions, shape, count, true);
	miss = ask(conf, &questions, shape, count, false);
	printf("%-22s %9u %10.1f %11ld %8.0f %8.0f\n", shape_names[shape], count, load, memory, hit, miss);
	conf_free(conf);
	free(text);
	free(list);
	return 0;
}

int
main(void)
{
	static const unsigned counts[] = { 10, 1000, 100000 };
	int failed = 0, status;

	printf("%-22s %9s %10s %11s %8s %8s\n", "shape", "patterns", "load ms", "memory KiB", "hit ns", "miss ns");
	for (enum shape shape = 0; shape < SHAPES; shape++)
		for (size_t i = 0; i < sizeof(counts) / sizeof(counts[0]); i++) {
			/* A process each, so that the peak of memory is its own. */
			fflush(stdout);
			if (fork() == 0)
				exit(measure(shape, counts[i]));
			failed |= wait(&status) == -1 || status != 0;
		}
	return failed;
}
