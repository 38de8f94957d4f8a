#include "config.h"

#include <sys/stat.h>

#include <fcntl.h>
#include <pwd.h>

#include "../test.h"

#include "conf/conf_file.h"
#include "conf/rule.h"

#define RULES(more) "{\"rules\":[" more "]}"
#define LIST(name)  "{\"id\":1,\"pattern_file\":\"" name "\",\"action\":\"block\"}"

static struct conf_report report;
static char dir[] = "/tmp/test_conf_file.XXXXXX";

static void
put(const char *name, const char *text, size_t len)
{
	char path[128];
	int fd;

	snprintf(path, sizeof(path), "%s/%s", dir, name);
	fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0600);
	assert_true(fd >= 0);
	assert_int_equal(write(fd, text, len), len);
	close(fd);
}

static struct conf *
load(const char *text, struct conf_texts *texts)
{
	char path[128];

	put("conf", text, strlen(text));
	snprintf(path, sizeof(path), "%s/conf", dir);
	memset(&report, 0, sizeof(report));
	*texts = (struct conf_texts){ NULL, NULL, 0 };
	return conf_load(path, texts, &report);
}

static bool
blocks(const struct conf *conf, const char *host)
{
	const struct rule_query q = { .host = host, .proto = IPPROTO_TCP, .port = 443, .user = RULE_USER_UNKNOWN };

	return rule_match(conf, &q).action == ACTION_BLOCK;
}

static void
refused(const char *text, const char *fragment)
{
	struct conf_texts texts;
	struct conf *conf = load(text, &texts);

	assert_null(conf);
	if (strstr(report.error, fragment) == NULL || strchr(report.error, '\n') != NULL)
		fail_msg("%s lacks %s", report.error, fragment);
	conf_texts_free(&texts);
}

TEST(pattern_file_has_one_pattern_a_line)
{
	static const char list[] = "\xef\xbb\xbf# ads\r\n\r\nads.example\r\n  *.Track.example \t# all of them\n10.0.0.0/8\n#\nlast.example";
	struct conf_texts texts;
	struct conf *conf;

	put("list", list, strlen(list));
	conf = load(RULES(LIST("list")), &texts);
	if (conf == NULL)
		fail_msg("%s", report.error);
	assert_int_equal(report.nwarnings, 0);
	assert_int_equal(conf->rules[0].npatterns, 4);
	assert_true(blocks(conf, "ads.example") && blocks(conf, "x.track.example") && blocks(conf, "last.example"));
	assert_false(blocks(conf, "track.example") || blocks(conf, "ads") || blocks(conf, "all"));
	conf_free(conf);
	conf_texts_free(&texts);
}

TEST(pattern_file_adds_to_the_pattern)
{
	struct conf_texts texts;
	struct conf *conf;

	put("list", "b.example\n", 10);
	conf = load(RULES("{\"id\":1,\"pattern\":\"a.example;c.example\",\"pattern_file\":\"./list\",\"action\":\"block\"}"), &texts);
	assert_non_null(conf);
	assert_true(blocks(conf, "a.example") && blocks(conf, "b.example") && blocks(conf, "c.example"));
	assert_string_equal(conf->rules[0].pattern, "a.example;c.example");
	assert_string_equal(conf->rules[0].pattern_file, "./list");
	conf_free(conf);
	conf_texts_free(&texts);
}

TEST(pattern_file_may_have_an_absolute_path)
{
	struct conf_texts texts;
	struct conf *conf;
	char text[256];

	put("list", "a.example", 9);
	snprintf(text, sizeof(text), "{\"rules\":[{\"id\":1,\"pattern_file\":\"%s/list\",\"action\":\"block\"}]}", dir);
	conf = load(text, &texts);
	assert_non_null(conf);
	assert_true(blocks(conf, "a.example"));
	conf_free(conf);
	conf_texts_free(&texts);
}

TEST(users_are_looked_up_once_and_handed_over_with_the_texts)
{
#define RULE_OF(id, user) "{\"id\":" #id ",\"pattern\":\"*\",\"action\":\"block\",\"user\":\"" user "\"}"
	struct conf_texts texts;
	struct conf *conf;

	put("list", "a.example", 9);
	conf = load(RULES(RULE_OF(7, "daemon") "," LIST("list") "," RULE_OF(8, "root")), &texts);
	if (conf == NULL)
		fail_msg("%s", report.error);
	assert_int_equal(conf->rules[2].uid, 0);
	conf_free(conf);
	conf = conf_receive(conf_texts_fd(&texts), &report);
	assert_non_null(conf);
	assert_int_equal(conf->rules[0].uid, getpwnam("daemon")->pw_uid);
	assert_int_equal(conf->rules[2].uid, 0);
	assert_true(blocks(conf, "a.example"));
	conf_free(conf);
	conf_texts_free(&texts);
	refused(RULES(RULE_OF(7, "root") ",\n" RULE_OF(8, "nobody.knows.me")),
	    "conf:2:47: rules[1].user: this host has no user \"nobody.knows.me\"; write");
}

TEST(pattern_file_without_patterns_draws_a_warning)
{
	struct conf_texts texts;
	struct conf *conf;

	put("list", "# nothing yet\n\n", 15);
	conf = load(RULES(LIST("list")), &texts);
	assert_non_null(conf);
	assert_int_equal(report.nwarnings, 1);
	assert_non_null(strstr(report.warnings[0], "rules[0].pattern_file: "));
	assert_non_null(strstr(report.warnings[0], "matches nothing"));
	assert_string_equal(conf->rules[0].pattern, "");
	conf_free(conf);
	conf_texts_free(&texts);
}

TEST(pattern_file_refusals_name_the_place_and_the_cure)
{
	refused(RULES(LIST("none")), "conf:1:34: rules[0].pattern_file: \"/tmp/test_conf_file.");
	refused(RULES(LIST("none")), "/none\" cannot be read (No such file or directory); make it readable");
	refused(RULES(LIST(".")), "cannot be read (Is a directory)");
	refused(RULES("{\"id\":1,\"action\":\"block\"}"), "the key \"pattern\" is missing; add it, or \"pattern_file\"");
	put("list", "a.example\n\nb c\n", 15);
	refused(RULES(LIST("list")), "/list:3: \"b c\" is not a host name");
	put("list", "a.example;b.example", 19);
	refused(RULES(LIST("list")), "/list:1: \"a.example;b.example\" is not a host name");
	put("list", "a.example\n10.0.0.1/8\n", 21);
	refused(RULES(LIST("list")), "/list:2: \"10.0.0.1/8\" has bits set beyond its prefix; write 10.0.0.0/8");
	put("list", "a.example\n\0b.example\n", 21);
	refused(RULES(LIST("list")), "is not a text file; write one pattern a line");
	put("list", "a\033b\n", 4);
	refused(RULES(LIST("list")), "/list:1: \"a?b\" is not a host name");
	put("list", "a.example\nb\xfc" "cher.example\n", 25);
	refused(RULES(LIST("list")), "xn-- form");
	refused(RULES(LIST("list")), "/list:2: ");
}

TEST(pattern_files_are_too_large_together)
{
	char path[128];

	put("list", "", 0);
	snprintf(path, sizeof(path), "%s/list", dir);
	assert_int_equal(truncate(path, CONF_FILE_MAX), 0);
	refused(RULES(LIST("list")), "cannot be read (File too large)");
}

TEST(texts_go_to_another_process_behind_one_descriptor)
{
	struct conf_texts texts;
	struct conf *conf, *received;
	struct stat st;
	int fd;

	put("list", "a.example\n", 10);
	put("other", "", 0);
	conf = load(RULES(LIST("list") ",{\"id\":2,\"pattern\":\"b.example\",\"pattern_file\":\"other\",\"action\":\"block\"},"
	    "{\"id\":3,\"pattern_file\":\"list\",\"action\":\"direct\"}"), &texts);
	assert_non_null(conf);
	memset(&report, 0, sizeof(report));
	received = conf_receive(conf_texts_fd(&texts), &report);
	if (received == NULL)
		fail_msg("%s", report.error);
	assert_int_equal(received->nrules, 3);
	assert_true(blocks(received, "a.example") && blocks(received, "b.example") && !blocks(received, "c.example"));
	conf_free(received);
	assert_int_equal(fstat(fd = conf_texts_fd(&texts), &st), 0);
	close(fd);
	for (off_t size = 0; size < st.st_size; size++) {
		fd = conf_texts_fd(&texts);
		assert_int_equal(ftruncate(fd, size), 0);
		assert_null(conf_receive(fd, &report));
	}
	conf_free(conf);
	conf_texts_free(&texts);
}

TEST(conf_load_warns_when_others_can_read_a_password)
{
	static const char text[] = "{\"proxies\":[\n{\"id\":1,\"host\":\"a.example\",\"port\":1080,\"proxy_type\":\"Socks5\","
	    "\"username\":\"u\",\"password\":\"p\"}]}";
	struct conf_texts texts;
	struct conf *conf;
	char path[128];

	conf = load(text, &texts);
	assert_non_null(conf);
	assert_string_equal(texts.first->bytes, text);
	assert_int_equal(report.nwarnings, 0);
	conf_free(conf);
	conf_texts_free(&texts);
	snprintf(path, sizeof(path), "%s/conf", dir);
	assert_int_equal(chmod(path, 0644), 0);
	conf = load(text, &texts);
	assert_int_equal(report.nwarnings, 1);
	assert_non_null(strstr(report.warnings[0], ":2:77: password: every user"));
	conf_free(conf);
	conf_texts_free(&texts);
}

TEST(conf_load_tells_why_a_file_cannot_be_read)
{
	struct conf_texts texts = { NULL, NULL, 0 };

	memset(&report, 0, sizeof(report));
	assert_null(conf_load("/nonexistent/conf", &texts, &report));
	assert_non_null(strstr(report.error, "/nonexistent/conf:1:1: (top): the file cannot be read"));
	assert_null(conf_load("/", &texts, &report));
	assert_non_null(strstr(report.error, "Is a directory"));
	assert_null(texts.first);
}

int
main(void)
{
	static const char *const names[] = { "conf", "list", "other", "" };
	char path[128];
	int failed;

	if (mkdtemp(dir) == NULL)
		return 1;
	failed = tests_run(NULL, NULL);
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		snprintf(path, sizeof(path), "%s/%s", dir, names[i]);
		remove(path);
	}
	return failed;
}
