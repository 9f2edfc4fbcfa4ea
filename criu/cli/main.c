// SPDX-License-Identifier: GPL-2.0-only

/*
 * The program: from words to one call of a command, and from its result to log lines, a short form on
 * standard error, and an exit status.  Exit statuses are CRIU's: 0, 1 for any failure, or what a post-dump
 * script, a restored root task (--exit-status) or check says.
 */

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/cleanup.h"
#include "base/err.h"
#include "base/log.h"
#include "cli/help.h"
#include "cli/parse.h"
#include "cli/version.h"
#include "flow/commands.h"
#include "flow/pidfile.h"
#include "flow/scripts.h"

enum {
	STATUS_FAILURE = 1,
	SHORT_FORM_MAX = 10, /* failures shown on standard error when the log goes elsewhere */
};

/* A descriptor opened by us must never become somebody's standard input or output. */
static void fill_standard_fds(void)
{
	int fd;

	do
		fd = open("/dev/null", O_RDWR);
	while (fd >= 0 && fd <= STDERR_FILENO);
	if (fd >= 0)
		close(fd);
}

/* Programs that choose features by CRIU's version read the first line. */
static void print_version(void)
{
	printf("Version: %s\n", CRIU_COMPATIBLE_VERSION);
	printf("criu-lite %s\n", CRIU_LITE_VERSION);
}

/* One line and its hint for each failure, for a person who does not see the log. */
static void print_short_form(const struct err *e)
{
	int nr = 0;

	for (; e && nr < SHORT_FORM_MAX; e = err_next(e), nr++) {
		fprintf(stderr, "criu-lite: %s\n", err_message(e));
		if (err_hint_text(e))
			fprintf(stderr, "  %s\n", err_hint_text(e));
	}
	for (nr = 0; e; e = err_next(e))
		nr++;
	if (nr)
		fprintf(stderr, "criu-lite: and %d more, all in the log\n", nr);
}

static struct err *set_log_levels(const struct options *opts)
{
	log_set_level(opts->verbosity);
	for (size_t i = 0; i < opts->log_rooms.nr; i++)
		TRY(log_set_room(opts->log_rooms.items[i]));
	return NULL;
}

/* Their results are named as seen from where the user is, and go nowhere by default. */
static bool stays_here(const struct options *opts)
{
	return (opts->command == CMD_CHAIN || opts->command == CMD_SQUASH) && !opts->work_dir;
}

/* Paths of the command stay valid after the change of directory: the image directory becomes absolute. */
static struct err *enter_work_dir(struct arena *a, struct options *opts)
{
	AUTO_FREE char *images = realpath(opts->images_dir, NULL);

	if (!images)
		return err_hint(err_sys(errno, "cannot open image directory \"%s\"",
					opts->images_dir),
				"make it before, or name another one with --images-dir");
	opts->images_dir = arena_strdup(a, images);
	if (stays_here(opts))
		return NULL;
	if (chdir(opts->work_dir ? opts->work_dir : opts->images_dir) < 0)
		return err_hint(err_sys(errno, "cannot change to directory \"%s\"",
					opts->work_dir ? opts->work_dir : opts->images_dir),
				"make it before, or name another one with --work-dir");
	return NULL;
}

static void log_what_runs(const struct invocation *inv)
{
	struct utsname u;

	log_info("cli", 0, "Version: %s (criu-lite %s)", CRIU_COMPATIBLE_VERSION,
		 CRIU_LITE_VERSION);
	if (uname(&u) == 0)
		log_info("cli", 0, "Running on %s %s %s %s %s", u.nodename, u.sysname, u.release,
			 u.version, u.machine);
	for (size_t i = 0; i < inv->notes.nr; i++)
		log_info("cli", 0, "%s", inv->notes.items[i]);
}

static struct err *set_up(struct arena *a, struct invocation *inv)
{
	struct options *opts = &inv->opts;

	if (opts->close_fd >= 0) {
		close(opts->close_fd);
		fill_standard_fds();
	}
	TRY(set_log_levels(opts));
	TRY(enter_work_dir(a, opts));
	if (opts->log_file)
		TRY(log_open(opts->log_file));
	log_what_runs(inv);
	TRY(scripts_check(opts));
	return opts->command == CMD_RESTORE ? pidfile_check(opts) : NULL;
}

static struct err *run_command(const struct options *opts, int *status)
{
	switch (opts->command) {
	case CMD_DUMP:
		return dump_run(opts, status);
	case CMD_RESTORE:
		return restore_run(opts, status);
	case CMD_CHECK:
		return check_run(opts, status);
	case CMD_VERIFY:
		return verify_run(opts);
	case CMD_SHOW:
		return show_run(opts);
	case CMD_PRE_DUMP:
		return pre_dump_run(opts);
	case CMD_DEDUP:
		return dedup_run(opts);
	case CMD_CHAIN:
		return chain_run(opts);
	case CMD_SQUASH:
		return squash_run(opts);
	case CMD_TRACK:
		return track_run(opts);
	case CMD_NONE:
		break;
	}
	return err_new(ERR_BUG, "no command to run");
}

static const char *last_words(enum command command)
{
	switch (command) {
	case CMD_DUMP:
		return FLOW_DUMP_LOST;
	case CMD_PRE_DUMP:
		return FLOW_PRE_DUMP_LOST;
	case CMD_RESTORE:
		return FLOW_RESTORE_LOST;
	default:
		return "The command could not be done.";
	}
}

/* Once to the log with everything, once short where only a person at a terminal looks. */
static void report(struct err *own_e, const struct options *opts)
{
	bool is_on_stderr = log_fd() == STDERR_FILENO;
	const char *code = err_code_name(err_code(own_e));

	if (!is_on_stderr || opts->verbosity < LOG_ERROR)
		print_short_form(own_e);
	if (!is_on_stderr && strcmp(opts->log_file, "-"))
		log_dump_ring();
	err_report(own_e);
	log_error("cli", 0, "%s code=%s", last_words(opts->command), code);
}

/* The tree's new parent.  It gets the signal dispositions the tool was started with. */
static int become_command(const struct options *opts, sighandler_t sigpipe_before)
{
	struct err *e;

	signal(SIGPIPE, sigpipe_before);
	execvp(opts->exec_cmd[0], (char *const *)opts->exec_cmd);
	e = err_hint(err_sys(errno, "cannot execute \"%s\" of --exec-cmd", opts->exec_cmd[0]),
		     "name a program that exists; the restored tree runs");
	report(e, opts);
	return STATUS_FAILURE;
}

/* To those who wait for it such a dump is lost, although nothing is wrong with its images. */
static struct err *script_objects(int status)
{
	return err_hint(err_new(ERR_USAGE,
				"post-dump script ended with status %d, the tree runs on", status),
			"keep the images, they are complete, or remove them");
}

static int run(struct arena *a, struct invocation *inv, sighandler_t sigpipe_before)
{
	const struct options *opts = &inv->opts;
	int status = 0;
	struct err *e = set_up(a, inv);

	if (!e)
		e = run_command(opts, &status);
	if (e) {
		report(e, opts);
		return STATUS_FAILURE;
	}
	if (opts->command == CMD_DUMP && status) {
		report(script_objects(status), opts);
		return status;
	}
	if (opts->command == CMD_DUMP)
		log_info("cli", 0, FLOW_DUMP_DONE);
	if (opts->command == CMD_PRE_DUMP)
		log_info("cli", 0, FLOW_PRE_DUMP_DONE);
	if (opts->exec_cmd && !opts->plan)
		return become_command(opts, sigpipe_before);
	return status;
}

static int refuse(struct err *own_e, const struct invocation *inv)
{
	print_short_form(own_e);
	err_drop(own_e, "it was printed");
	if (inv->wants_usage)
		help_usage(stdout);
	return inv->refusal_status;
}

int main(int argc, char *argv[])
{
	sighandler_t sigpipe_before;
	struct invocation inv;
	struct arena *a;
	struct err *e;
	int status = 0;

	if (track_is_keeper(argc, argv, &status))
		return status;
	a = arena_new();
	fill_standard_fds();
	/* A reader of our output that goes away must not end a dump half-way. */
	sigpipe_before = signal(SIGPIPE, SIG_IGN);
	e = options_parse(a, argc, argv, &inv);
	if (e)
		status = refuse(e, &inv);
	else if (inv.wants_help)
		help_all(stdout);
	else if (inv.wants_version)
		print_version();
	else
		status = run(a, &inv, sigpipe_before);
	log_close();
	arena_free(a);
	return fflush(stdout) ? STATUS_FAILURE : status;
}
