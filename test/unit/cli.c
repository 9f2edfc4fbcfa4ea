// SPDX-License-Identifier: GPL-2.0-only
/* cli/: words become options; each row is whole; configuration files; hostile words. */
#include <fcntl.h>
#include <limits.h>
#include <stdarg.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/arena.h"
#include "cli/config.h"
#include "cli/external.h"
#include "cli/options.h"
#include "cli/parse.h"
#include "unit/unit.h"

enum { MAX_WORDS = 64 };

static struct arena *arena;
static struct invocation inv;

/* parse("dump", "-t", "5", NULL) without any configuration file. */
__attribute__((sentinel)) static struct err *parse(const char *first, ...)
{
	char *argv[MAX_WORDS] = { "criu-lite", (char *)first };
	int argc = first ? 2 : 1;
	va_list words;

	va_start(words, first);
	while (first && (argv[argc] = va_arg(words, char *)))
		argc++;
	va_end(words);
	return options_parse(arena, argc, argv, &inv);
}

static const char *last_hint(struct err *e)
{
	static char text[512];

	CHECK(e);
	snprintf(text, sizeof(text), "%s", err_hint_text(e) ? err_hint_text(e) : "");
	err_drop(e, "expected by the test");
	return text;
}

static void rows_are_whole(void)
{
	for (size_t i = 0; i < nr_option_rows; i++) {
		const struct option_row *r = &option_rows[i];
		bool has_text_type = r->type == OPT_TEXT || r->type == OPT_FILE ||
				     r->type == OPT_DIR;

		CHECK(r->name && r->help && *r->help);
		CHECK(r->help[strlen(r->help) - 1] != '.');
		CHECK(r->group < NR_OPTION_GROUPS && option_group_titles[r->group]);
		CHECK(r->offset < sizeof(struct options));
		CHECK(!r->is_optional || r->arg);
		CHECK(!r->is_negatable || r->type == OPT_BOOL);
		CHECK((r->type == OPT_WORD || r->type == OPT_ENUM) == (r->words != NULL));
		CHECK(r->not_yet || r->commands);
		/* Nothing that is taken is quietly ignored. */
		CHECK(r->not_yet || r->no_effect || r->offset || r->type >= OPT_INHERIT);
		CHECK(!has_text_type || r->arg);
		for (size_t j = 0; j < i; j++) {
			CHECK(strcmp(option_rows[j].name, r->name));
			/* A letter has one meaning for each command. */
			CHECK(!r->letter || option_rows[j].letter != r->letter ||
			      !(option_rows[j].commands & r->commands));
		}
	}
}

static void names_and_letters_are_crius(void)
{
	static const struct {
		char letter;
		const char *name;
	} known[] = {
		{ 'd', "restore-detached" }, { 's', "leave-stopped" }, { 'S', "restore-sibling" },
		{ 'R', "leave-running" },    { 't', "tree" },	       { 'h', "help" },
		{ 'D', "images-dir" },	     { 'o', "log-file" },      { 'v', "verbosity" },
		{ 'x', "ext-unix-sk" },	     { 'V', "version" },       { 'r', "root" },
		{ 'j', "shell-job" },	     { 'J', "join-ns" },       { 'l', "file-locks" },
		{ 'W', "work-dir" },	     { 'L', "libdir" },	       { 'M', "ext-mount-map" },
	};
	size_t nr_letters = 0;

	for (size_t i = 0; i < nr_option_rows; i++)
		nr_letters += option_rows[i].letter != 0;
	CHECK(nr_letters == ARRAY_SIZE(known) + 1); /* and squash's -o */
	for (size_t i = 0; i < ARRAY_SIZE(known); i++)
		for (size_t j = 0; j < nr_option_rows; j++)
			if (option_rows[j].letter == known[i].letter &&
			    option_rows[j].commands != IN_SQUASH)
				CHECK_STR(option_rows[j].name, known[i].name);
}

static void defaults_are_crius(void)
{
	CHECK_OK(parse("restore", NULL));
	CHECK_STR(inv.opts.images_dir, ".");
	CHECK(!inv.opts.work_dir && !inv.opts.log_file && !inv.opts.pidfile && !inv.opts.exec_cmd);
	CHECK(inv.opts.verbosity == 2 && inv.opts.timeout_s == 10);
	CHECK(inv.opts.ghost_limit == 1 << 20);
	CHECK(inv.opts.file_validation_build_id);
	CHECK(inv.opts.status_fd == -1 && inv.opts.close_fd == -1);
	CHECK(inv.opts.final == FINAL_DEFAULT && !inv.opts.detach && !inv.opts.shell_job);
}

static void words_stand_anywhere(void)
{
	CHECK_OK(parse("-t", "5", "dump", "-D", "/im", "-v", "-jo", "x.log", NULL));
	CHECK(inv.opts.command == CMD_DUMP && inv.opts.tree == 5 && inv.opts.verbosity == 3);
	CHECK_STR(inv.opts.images_dir, "/im");
	CHECK_STR(inv.opts.log_file, "x.log");
	CHECK_OK(parse("dump", "--tree=7", "-D/im2", "-s", "-R", "--leave-s", NULL));
	CHECK(inv.opts.tree == 7 && inv.opts.final == FINAL_STOPPED);
	setenv("POSIXLY_CORRECT", "1", 1);
	CHECK_OK(parse("dump", "-t", "8", NULL));
	CHECK(inv.opts.tree == 8);
	unsetenv("POSIXLY_CORRECT");
}

static void verbosity_counts(void)
{
	static const struct {
		const char *word;
		int level;
	} cases[] = {
		{ "-v", 3 },
		{ "-vv", 4 },
		{ "-vvvvvv", 4 },
		{ "-v0", 0 },
		{ "-v1", 1 },
		{ "-v4", 4 },
		{ "-v9", 4 },
		{ "--verbosity", 3 },
		{ "--verbosity=1", 1 },
		{ "--verbosity=v", 4 },
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		CHECK_OK(parse("restore", cases[i].word, NULL));
		CHECK(inv.opts.verbosity == cases[i].level);
	}
	CHECK_ERR(parse("restore", "-v4x", NULL), ERR_USAGE);
	CHECK_ERR(parse("restore", "--verbosity=-1", NULL), ERR_USAGE);
}

static void the_last_boolean_wins(void)
{
	CHECK_OK(parse("restore", "-d", "--no-restore-detached", NULL));
	CHECK(!inv.opts.detach);
	CHECK_OK(parse("restore", "--no-restore-d", "--daemon", NULL));
	CHECK(inv.opts.detach);
	/* shell-job has no negative form, in CRIU neither. */
	CHECK_ERR(parse("restore", "--no-shell-job", NULL), ERR_USAGE);
}

static void numbers_are_strict(void)
{
	static const char *const bad[] = {
		"",
		"0",
		"-1",
		"+1",
		" 1",
		"1 ",
		"0x10",
		"1e3",
		"2147483648",
		"1.0",
		"abc",
		"5\n",
		"99999999999999999999999",
	};

	for (size_t i = 0; i < ARRAY_SIZE(bad); i++)
		CHECK_ERR(parse("dump", "-t", bad[i], NULL), ERR_USAGE);
	CHECK_OK(parse("dump", "-t", "2147483647", "--timeout", "0", NULL));
	CHECK(inv.opts.tree == INT_MAX && inv.opts.timeout_s == 0);
	CHECK_ERR(parse("dump", "-t", "1", "--timeout", "4294967295", NULL), ERR_USAGE);
	CHECK_ERR(parse("dump", "-t", "1", "--status-fd", "-1", NULL), ERR_USAGE);
}

static void sizes_have_units(void)
{
	static const struct {
		const char *text;
		uint64_t bytes;
	} good[] = {
		{ "0", 0 },
		{ "17", 17 },
		{ "4K", 4096 },
		{ "4k", 4096 },
		{ "3M", 3 << 20 },
		{ "2G", 2ULL << 30 },
		{ "18446744073709551615", UINT64_MAX },
		{ "17179869183G", 17179869183ULL << 30 },
	};
	static const char *const bad[] = { "", "K", "4KB", "1T", "-1", "17179869184G", "1 M" };

	for (size_t i = 0; i < ARRAY_SIZE(good); i++) {
		CHECK_OK(parse("dump", "-t1", "--ghost-limit", good[i].text, NULL));
		CHECK(inv.opts.ghost_limit == good[i].bytes);
	}
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++)
		CHECK_ERR(parse("dump", "-t1", "--ghost-limit", bad[i], NULL), ERR_USAGE);
}

static void unknown_words_show_the_usage(void)
{
	CHECK_ERR(parse(NULL, NULL), ERR_USAGE);
	CHECK(inv.wants_usage && inv.refusal_status == 1);
	CHECK_ERR(parse("frobnicate", NULL), ERR_USAGE);
	CHECK(inv.wants_usage);
	CHECK_ERR(parse("dump", "-t", "1", "--frobnicate", NULL), ERR_USAGE);
	CHECK(inv.wants_usage);
	CHECK_ERR(parse("dump", "-Q", NULL), ERR_USAGE);
	CHECK(inv.wants_usage);
	CHECK_ERR(parse("dump", "-t", NULL), ERR_USAGE);
	CHECK_ERR(parse("dump", "--tree", NULL), ERR_USAGE);
	CHECK_ERR(parse("dump", "--shell-job=1", "-t1", NULL), ERR_USAGE);
	CHECK_ERR(parse("dump", "-t", "1", "surplus", NULL), ERR_USAGE);
	CHECK(inv.wants_usage);
	CHECK_STR(last_hint(parse("dump", "--leave-", NULL)),
		  "write one of --leave-stopped, --leave-running");
	/* A missing pid is said without the usage. */
	CHECK_ERR(parse("dump", NULL), ERR_USAGE);
	CHECK(!inv.wants_usage);
}

static void help_comes_first(void)
{
	CHECK_OK(parse("dump", "--frobnicate", "-t", "x", "-h", NULL));
	CHECK(inv.wants_help);
	CHECK_OK(parse("--help", NULL));
	CHECK(inv.wants_help);
	CHECK_OK(parse("-V", NULL));
	CHECK(inv.wants_version && !inv.wants_help);
	CHECK_OK(parse("restore", "--exec-cmd", "--", "ls", "-h", NULL));
	CHECK(!inv.wants_help);
}

static void later_options_are_refused(void)
{
	static const char *const words[] = {
		"--lazy-pages",	  "--page-server",   "--stream",  "--tls",
		"--empty-ns=net", "-Jnet:1",	     "--cpu-cap", "--unprivileged",
		"--log-pid",	  "--cgroup-root=/", "-Mauto",	  "-L/lib",
	};

	for (size_t i = 0; i < ARRAY_SIZE(words); i++) {
		CHECK_ERR(parse("dump", "-t1", words[i], NULL), ERR_UNSUPPORTED);
		CHECK(!inv.wants_usage);
	}
	CHECK_OK(parse("dump", "-t1", "--no-stream", "--no-page-server", NULL));
	CHECK_ERR(parse("dump", "-t1", "--manage-cgroups=full", NULL), ERR_USAGE);
	CHECK_ERR(parse("dump", "-t1", "--manage-cgroups", NULL), ERR_USAGE);
	CHECK_OK(parse("dump", "-t1", "--manage-cgroups=ignore", NULL));
}

static void all_refusals_come_together(void)
{
	struct err *e = parse("dump", "-t1", "--tls", "--ghost-limit=x", "--stream", NULL);
	size_t nr = 0;

	for (const struct err *i = e; i; i = err_next(i))
		nr++;
	CHECK(nr == 3);
	err_drop(e, "expected by the test");
}

static void later_commands_are_refused(void)
{
	static const char *const names[] = { "swrk", "service", "page-server", "lazy-pages",
					     "cpuinfo" };

	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		CHECK_ERR(parse(names[i], "3", NULL), ERR_UNSUPPORTED);
		CHECK(inv.refusal_status == 1 && !inv.wants_usage);
	}
	CHECK_ERR(parse("exec", NULL), ERR_UNSUPPORTED);
	CHECK(inv.refusal_status == 255);
}

static void options_of_incremental_dumps(void)
{
	CHECK_ERR(parse("pre-dump", NULL), ERR_USAGE);
	CHECK_OK(parse("pre-dump", "-t1", "--prev-images-dir", "../0", "--pre-dump-mode=read",
		       NULL));
	CHECK(inv.opts.pre_dump_read && !strcmp(inv.opts.prev_images_dir, "../0"));
	CHECK(inv.opts.tracker == TRACKER_AUTO && inv.opts.max_iterations == 16);
	CHECK_OK(parse("dump", "-t1", "--track", "--tracker=uffd-wp", NULL));
	CHECK(inv.opts.track_mem && inv.opts.tracker == TRACKER_UFFD_WP);
	CHECK_ERR(parse("dump", "-t1", "--tracker=magic", NULL), ERR_USAGE);
	CHECK_ERR(parse("pre-dump", "-t1", "--until-frozen=5", "--prev-images-dir=x", NULL),
		  ERR_USAGE);
	/* -o is the log of all commands but one. */
	CHECK_OK(parse("squash", "chain/3", "-o", "whole", NULL));
	CHECK(!strcmp(inv.opts.output_dir, "whole") && !inv.opts.log_file);
	CHECK_OK(parse("dump", "-t1", "-o", "x.log", NULL));
	CHECK(!strcmp(inv.opts.log_file, "x.log") && !inv.opts.output_dir);
	CHECK_ERR(parse("squash", "chain/3", NULL), ERR_USAGE);
	CHECK_ERR(parse("track", NULL), ERR_USAGE);
	CHECK_ERR(parse("track", "--status", "--stop", NULL), ERR_USAGE);
	CHECK_OK(parse("track", "--stop", "-t7", NULL));
}

static void what_has_no_effect_is_noted(void)
{
	CHECK_OK(parse("dump", "-t1", "--tcp-established", "-l", NULL));
	CHECK(inv.notes.nr == 1 && inv.opts.tcp_established);
	CHECK(inv.opts.file_locks);
	CHECK_OK(parse("dump", "-t1", "--root", "/", "-d", NULL));
	CHECK(inv.notes.nr == 2 && !inv.opts.root && !inv.opts.detach);
	/* A value is checked all the same. */
	CHECK_ERR(parse("restore", "--tree", "x", NULL), ERR_USAGE);
	CHECK_ERR(parse("dump", "-t1", "--network-lock", "what", NULL), ERR_USAGE);
	CHECK_OK(parse("dump", "-t1", "--network-lock", "skip", NULL));
}

static void repeated_options_add_up(void)
{
	CHECK_OK(parse("check", "--feature", "uffd", "--feature=timens", "--all", NULL));
	CHECK(inv.opts.features.nr == 2 && inv.opts.check_extra && inv.opts.check_experimental);
	CHECK_STR(inv.opts.features.items[0], "uffd");
	CHECK_STR(inv.opts.features.items[1], "timens");
	CHECK_OK(parse("dump", "-t1", "--action-script", "/bin/true", "--action-script", "/no/such",
		       NULL));
	CHECK(inv.opts.action_scripts.nr == 2);
	CHECK_STR(inv.opts.action_scripts.items[1], "/no/such");
}

static void programs_become_absolute(void)
{
	char dir[] = "/tmp/cli-unit-XXXXXX", path[64];
	int fd;

	CHECK(mkdtemp(dir) && chdir(dir) == 0);
	fd = open("script", O_CREAT | O_WRONLY, 0700);
	CHECK(fd >= 0);
	close(fd);
	CHECK_OK(parse("dump", "-t1", "--action-script", "script", NULL));
	snprintf(path, sizeof(path), "%s/script", dir);
	CHECK_STR(inv.opts.action_scripts.items[0], path);
	CHECK(unlink(path) == 0 && chdir("/") == 0 && rmdir(dir) == 0);
}

static void exec_cmd_takes_the_rest(void)
{
	CHECK_OK(parse("restore", "--exec-cmd", "--", "ls", "-l", "--tree", NULL));
	CHECK_STR(inv.opts.exec_cmd[0], "ls");
	CHECK_STR(inv.opts.exec_cmd[1], "-l");
	CHECK_STR(inv.opts.exec_cmd[2], "--tree");
	CHECK(!inv.opts.exec_cmd[3]);
	CHECK_ERR(parse("restore", "--exec-cmd", NULL), ERR_USAGE);
	CHECK_ERR(parse("restore", "--exec-cmd", "--", NULL), ERR_USAGE);
	CHECK_ERR(parse("restore", "-d", "--exec-cmd", "--", "ls", NULL), ERR_USAGE);
	CHECK_ERR(parse("restore", "--", "ls", NULL), ERR_USAGE);
}

static void what_contradicts_is_refused(void)
{
	CHECK_ERR(parse("restore", "-S", NULL), ERR_USAGE);
	CHECK_OK(parse("restore", "-S", "-d", NULL));
	CHECK_ERR(parse("restore", "-d", "--exit-status", NULL), ERR_USAGE);
	CHECK_OK(parse("restore", "--exit-status", NULL));
}

static void directories_follow_verify_and_show(void)
{
	CHECK_OK(parse("verify", "/im", NULL));
	CHECK_STR(inv.opts.images_dir, "/im");
	CHECK_OK(parse("show", "-D", "/im", "--json", NULL));
	CHECK(inv.opts.json);
	CHECK_STR(inv.opts.images_dir, "/im");
	CHECK_ERR(parse("show", "/im", "/im2", NULL), ERR_USAGE);
}

static void outside_resources_are_checked(void)
{
	static const char *const bad[] = { "",
					   "file",
					   "file[]",
					   "file[1]",
					   "file[1:]",
					   "file[1:2",
					   "file[1:2]x",
					   "file[g:1]",
					   "files[1:2]",
					   "[1:2]",
					   "file[11111111111111111:1]" };

	CHECK_OK(external_check("file[1a:2B]"));
	CHECK_OK(external_check("tty[8800:3]"));
	CHECK_OK(external_check("pipe:[4711]"));
	CHECK_ERR(external_check("pipe:[4711]x"), ERR_USAGE);
	CHECK_ERR(external_check("pipe:[]"), ERR_USAGE);
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++)
		CHECK_ERR(external_check(bad[i]), ERR_USAGE);
	CHECK_ERR(external_check("mnt[]:ms"), ERR_UNSUPPORTED);
	CHECK_ERR(external_check("net[123]:x"), ERR_UNSUPPORTED);
	CHECK_OK(external_check("unix[123]"));
	CHECK_ERR(external_check("unix[1a]"), ERR_USAGE);
	CHECK_OK(parse("dump", "-t1", "-x", NULL));
	CHECK(inv.opts.ext_unix_sk && !inv.opts.external.nr);
	CHECK_OK(parse("dump", "-t1", "-x12,34", NULL));
	CHECK(inv.opts.external.nr == 2 && !strcmp(inv.opts.external.items[1], "unix[34]"));
	CHECK_ERR(parse("dump", "-t1", "-x[4]", NULL), ERR_USAGE);
	CHECK_OK(parse("dump", "-t1", "--external", "file[1:2]", "--external", "tty[1:2]", NULL));
	CHECK(inv.opts.external.nr == 2);
}

static void inherited_descriptors_are_checked(void)
{
	static const char *const bad[] = { "",
					   "fd",
					   "fd[]:x",
					   "fd[1]",
					   "fd[1]:",
					   "fd[1]x",
					   "fd[-1]:x",
					   "fd[+1]:x",
					   "fd[ 1]:x",
					   "fd[1",
					   "fd[99999999999]:x",
					   "gd[1]:x" };
	struct inherit_fd one;
	bool is_resource;

	for (size_t i = 0; i < ARRAY_SIZE(bad); i++)
		CHECK_ERR(inherit_fd_parse(bad[i], &one, &is_resource), ERR_USAGE);
	CHECK_OK(inherit_fd_parse("fd[2]:var/log/x", &one, &is_resource));
	CHECK(is_resource && one.fd == 2);
	CHECK_STR(one.key, "var/log/x");
	CHECK_OK(inherit_fd_parse("fd[2]:/var/log/x", &one, &is_resource));
	CHECK_STR(one.key, "var/log/x");
	CHECK_OK(inherit_fd_parse("fd[2]:/memfd:x", &one, &is_resource));
	CHECK_STR(one.key, "/memfd:x");
	CHECK_OK(inherit_fd_parse("fd[2]:pipe:[17]", &one, &is_resource));
	CHECK_STR(one.key, "pipe:[17]");
	CHECK_OK(inherit_fd_parse("fd[2]:socket:[17]", &one, &is_resource));
	CHECK_ERR(inherit_fd_parse("fd[1000000]:x", &one, &is_resource), ERR_SYS);
	CHECK_OK(parse("restore", "--inherit-fd", "fd[2]:a", "--inherit-fd", "fd[1]:b", NULL));
	CHECK(inv.opts.nr_inherit_fds == 2 && inv.opts.inherit_fds[1].fd == 1);
}

static void inherited_debug_text_is_written(void)
{
	struct inherit_fd one;
	char text[64], back[8];
	bool is_resource;
	int pipes[2];

	CHECK(pipe(pipes) == 0);
	snprintf(text, sizeof(text), "debug[%d]:hello", pipes[1]);
	CHECK_OK(inherit_fd_parse(text, &one, &is_resource));
	CHECK(!is_resource);
	CHECK(read(pipes[0], back, sizeof(back)) == 5 && !memcmp(back, "hello", 5));
	close(pipes[0]);
	close(pipes[1]);
}

/* Any words give options or a failure, never a crash.  The seed is fixed: a finding can be repeated. */
static void any_words_end_somehow(void)
{
	static const char *const pieces[] = {
		"dump",	     "restore",	     "-",      "--",	      "---",
		"-t",	     "--tree",	     "=",      "--tree=",     "1",
		"-v",	     "-vvvv4",	     "--no-",  "--no-no-tls", "-x[",
		"%s%n",	     "\xff\xfe",     "",       "-o-",	      "--external",
		"file[1:2]", "--inherit-fd", "fd[0]:", "--exec-cmd",  "--config",
		"/dev/null", "-D",	     "-DD",    "-dRsSj",
	};
	unsigned int seed = 1;

	for (int round = 0; round < 20000; round++) {
		char *argv[12] = { "criu-lite" };
		int argc = 1 + rand_r(&seed) % 10;

		for (int i = 1; i < argc; i++)
			argv[i] = (char *)pieces[rand_r(&seed) % ARRAY_SIZE(pieces)];
		err_drop(options_parse(arena, argc, argv, &inv), "any result will do");
		if (round % 100 == 99) {
			arena_free(arena);
			arena = arena_new();
		}
	}
}

int main(void)
{
	arena = arena_new();
	setenv("HOME", "/nonexistent", 1);
	unsetenv("CRIU_CONFIG_FILE");
	UNIT_RUN(rows_are_whole);
	UNIT_RUN(names_and_letters_are_crius);
	UNIT_RUN(defaults_are_crius);
	UNIT_RUN(words_stand_anywhere);
	UNIT_RUN(verbosity_counts);
	UNIT_RUN(the_last_boolean_wins);
	UNIT_RUN(numbers_are_strict);
	UNIT_RUN(sizes_have_units);
	UNIT_RUN(unknown_words_show_the_usage);
	UNIT_RUN(help_comes_first);
	UNIT_RUN(later_options_are_refused);
	UNIT_RUN(all_refusals_come_together);
	UNIT_RUN(later_commands_are_refused);
	UNIT_RUN(options_of_incremental_dumps);
	UNIT_RUN(what_has_no_effect_is_noted);
	UNIT_RUN(repeated_options_add_up);
	UNIT_RUN(programs_become_absolute);
	UNIT_RUN(exec_cmd_takes_the_rest);
	UNIT_RUN(what_contradicts_is_refused);
	UNIT_RUN(directories_follow_verify_and_show);
	UNIT_RUN(outside_resources_are_checked);
	UNIT_RUN(inherited_descriptors_are_checked);
	UNIT_RUN(inherited_debug_text_is_written);
	UNIT_RUN(any_words_end_somehow);
	arena_free(arena);
	return 0;
}
