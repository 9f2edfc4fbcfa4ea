// SPDX-License-Identifier: GPL-2.0-only
/* cli/config.c: quoting, comments, hostile bytes; and the order in which files and words count. */
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/arena.h"
#include "cli/config.h"
#include "cli/parse.h"
#include "unit/unit.h"

static struct arena *arena;
static struct config_line *lines;
static size_t nr;
static char dir[] = "/tmp/cli-config-unit-XXXXXX";

static struct err *split(const char *text)
{
	return config_split(arena, "test.conf", text, strlen(text), &lines, &nr);
}

static void write_file(const char *name, const char *text)
{
	FILE *f = fopen(name, "w");

	CHECK(f && fputs(text, f) >= 0 && fclose(f) == 0);
}

static void lines_have_names_and_values(void)
{
	CHECK_OK(split("tcp-established\n\n  work-dir \t /tmp/x  \nno-restore-sibling # a comment\n"
		       "# only a comment\nverbosity=4\nroot = /r\nlog-file x.log"));
	CHECK(nr == 6);
	CHECK_STR(lines[0].name, "tcp-established");
	CHECK(!lines[0].value && lines[0].line == 1);
	CHECK_STR(lines[1].value, "/tmp/x");
	CHECK(lines[1].line == 3);
	CHECK_STR(lines[2].name, "no-restore-sibling");
	CHECK(!lines[2].value);
	CHECK_STR(lines[3].name, "verbosity");
	CHECK_STR(lines[3].value, "4");
	CHECK_STR(lines[4].value, "/r");
	CHECK_STR(lines[5].value, "x.log");
	CHECK(lines[5].line == 8);
}

static void values_may_be_quoted(void)
{
	CHECK_OK(split("work-dir \"/home/me/my \\\"work\\\" directory\" # comment\r\n"
		       "root \"a # b\\\\c\\d\"\nlog-file \"\"\n"));
	CHECK(nr == 3);
	CHECK_STR(lines[0].value, "/home/me/my \"work\" directory");
	CHECK_STR(lines[1].value, "a # b\\c\\d");
	CHECK_STR(lines[2].value, "");
}

static void bad_lines_are_named(void)
{
	struct err *e = split("daemon\nroot \"/unclosed\nx");

	CHECK(e);
	CHECK(strstr(err_message(e), "test.conf:2"));
	err_drop(e, "expected by the test");
	CHECK_ERR(split("root a b"), ERR_USAGE);
	CHECK_ERR(split("root \"a\" b"), ERR_USAGE);
	CHECK_ERR(split("root \"a\\\""), ERR_USAGE);
	CHECK_ERR(split("root \"a\\"), ERR_USAGE);
	CHECK_ERR(split("--root a"), ERR_USAGE);
	CHECK_ERR(split("= a"), ERR_USAGE);
	CHECK_ERR(config_split(arena, "x", "ro\0ot", 5, &lines, &nr), ERR_USAGE);
	CHECK_OK(config_split(arena, "x", "", 0, &lines, &nr));
	CHECK(nr == 0);
}

static void any_bytes_end_somehow(void)
{
	static const char alphabet[] = "ab-=\"\\# \t\r\n\xff";
	unsigned int seed = 1;

	for (int round = 0; round < 20000; round++) {
		char text[40];
		size_t len = rand_r(&seed) % sizeof(text);

		for (size_t i = 0; i < len; i++)
			text[i] = alphabet[rand_r(&seed) % (sizeof(alphabet) - 1)];
		err_drop(config_split(arena, "x", text, len, &lines, &nr), "any result will do");
	}
}

static void later_files_win(void)
{
	char *words[] = { "criu-lite",	"dump",	     "-t1", "--config",
			  "named.conf", "--timeout", "6",   NULL };
	struct invocation inv;

	CHECK(mkdir(".criu", 0700) == 0);
	write_file(".criu/default.conf",
		   "timeout 2\npidfile from-home\nwork-dir /home\nshell-job\n");
	write_file("env.conf", "timeout 3\nwork-dir /env\nlog-file env.log\n");
	write_file("named.conf", "timeout 4\nlog-file named.log\nrestore-det\n");
	setenv("HOME", dir, 1);
	setenv("CRIU_CONFIG_FILE", "env.conf", 1);

	CHECK_OK(options_parse(arena, 3, words, &inv));
	CHECK(inv.opts.timeout_s == 3 && inv.opts.shell_job);
	CHECK_STR(inv.opts.work_dir, "/env");
	CHECK_STR(inv.opts.log_file, "env.log");
	/* The file named turns the default ones off, and words come last. */
	CHECK_OK(options_parse(arena, 7, words, &inv));
	CHECK(inv.opts.timeout_s == 6 && !inv.opts.shell_job);
	CHECK_STR(inv.opts.work_dir, "/env");
	CHECK_STR(inv.opts.log_file, "named.log");
	/* What is in a file for another command is passed over without a note. */
	CHECK(!inv.opts.detach && inv.notes.nr == 0);
	unsetenv("CRIU_CONFIG_FILE");
}

static void words_can_turn_files_off(void)
{
	char *words[] = { "criu-lite", "dump", "-t1", "--no-default-config", NULL };
	struct invocation inv;

	CHECK_OK(options_parse(arena, 3, words, &inv));
	CHECK(inv.opts.timeout_s == 2);
	CHECK_OK(options_parse(arena, 4, words, &inv));
	CHECK(inv.opts.timeout_s == 10);
}

static struct err *parse_with(const char *command, const char *config)
{
	char *words[] = { "criu-lite", (char *)command, "-D.", "--config", "c.conf", NULL };
	struct invocation inv;

	write_file("c.conf", config);
	return options_parse(arena, 5, words, &inv);
}

static void files_are_checked_like_words(void)
{
	struct err *e = parse_with("restore", "\nfrobnicate 3\n");

	CHECK(e && strstr(err_message(e), "c.conf:2: unknown option"));
	err_drop(e, "expected by the test");
	CHECK_ERR(parse_with("restore", "lazy-pages"), ERR_UNSUPPORTED);
	CHECK_ERR(parse_with("restore", "config x"), ERR_USAGE);
	CHECK_ERR(parse_with("restore", "help"), ERR_USAGE);
	CHECK_ERR(parse_with("restore", "exec-cmd"), ERR_USAGE);
	CHECK_ERR(parse_with("restore", "work-dir"), ERR_USAGE);
	CHECK_ERR(parse_with("restore", "shell-job yes"), ERR_USAGE);
	/* Only a dump would care about the first one, which cannot be done yet. */
	CHECK_OK(parse_with("restore", "prev-images-dir ../1\nno-log-pid\n# x\n"));
}

static void missing_files_are_passed_over(void)
{
	char *words[] = { "criu-lite", "restore", "--config", "not-there.conf", NULL };
	char *not_files[] = { "criu-lite", "restore", "--config", "/", NULL };
	struct invocation inv;

	CHECK_OK(options_parse(arena, 4, words, &inv));
	CHECK(inv.notes.nr == 1);
	CHECK_ERR(options_parse(arena, 4, not_files, &inv), ERR_USAGE);
}

int main(void)
{
	arena = arena_new();
	CHECK(mkdtemp(dir) && chdir(dir) == 0);
	UNIT_RUN(lines_have_names_and_values);
	UNIT_RUN(values_may_be_quoted);
	UNIT_RUN(bad_lines_are_named);
	UNIT_RUN(any_bytes_end_somehow);
	UNIT_RUN(later_files_win);
	UNIT_RUN(words_can_turn_files_off);
	UNIT_RUN(files_are_checked_like_words);
	UNIT_RUN(missing_files_are_passed_over);
	CHECK(unlink(".criu/default.conf") == 0 && rmdir(".criu") == 0);
	CHECK(unlink("env.conf") == 0 && unlink("named.conf") == 0 && unlink("c.conf") == 0);
	CHECK(chdir("/") == 0 && rmdir(dir) == 0);
	arena_free(arena);
	return 0;
}
