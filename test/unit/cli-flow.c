// SPDX-License-Identifier: GPL-2.0-only
/* flow/: action scripts, pid files, --status-fd and statistics. */
#include <fcntl.h>
#include <signal.h>
#include <sys/stat.h>
#include <unistd.h>

#include "flow/pidfile.h"
#include "flow/scripts.h"
#include "flow/stats.h"
#include "unit/unit.h"

static char dir[] = "/tmp/cli-flow-unit-XXXXXX";
static char script_paths[4][64];
static const char *items[4];

static void write_script(size_t i, const char *body)
{
	FILE *f;

	snprintf(script_paths[i], sizeof(script_paths[i]), "%s/script%zu", dir, i);
	f = fopen(script_paths[i], "w");
	CHECK(f && fprintf(f, "#!/bin/sh\n%s\n", body) > 0 && fclose(f) == 0);
	CHECK(chmod(script_paths[i], 0700) == 0);
	items[i] = script_paths[i];
}

static struct options with_scripts(size_t nr)
{
	return (struct options){ .action_scripts = { .items = items, .nr = nr }, .status_fd = -1 };
}

static void check_text(const char *path, const char *want)
{
	char text[512] = "";
	int fd = open(path, O_RDONLY);

	CHECK(fd >= 0 && read(fd, text, sizeof(text) - 1) >= 0);
	close(fd);
	CHECK_STR(text, want);
	CHECK(unlink(path) == 0);
}

static void scripts_run_last_first(void)
{
	struct options opts = with_scripts(2);
	char want[256];
	int status = -1;

	/* A script must not see what the tool does about signals. */
	signal(SIGPIPE, SIG_IGN);
	write_script(0,
		     "echo 0 $# $CRTOOLS_SCRIPT_ACTION $CRTOOLS_IMAGE_DIR $CRTOOLS_INIT_PID >>out");
	write_script(1, "echo 1 ${CRTOOLS_INIT_PID-none} >>out; kill -PIPE $$; exit 0");
	CHECK_OK(scripts_run(&opts, SCRIPT_POST_DUMP, 5, 42, &status));
	CHECK(status == 128 + SIGPIPE);
	snprintf(want, sizeof(want), "1 42\n0 0 post-dump /proc/%d/fd/5 42\n", getpid());
	check_text("out", want);

	setenv("CRTOOLS_INIT_PID", "wrong", 1);
	CHECK_ERR(scripts_run(&opts, SCRIPT_PRE_RESTORE, 5, 0, NULL), ERR_USAGE);
	unsetenv("CRTOOLS_INIT_PID");
	snprintf(want, sizeof(want), "1 none\n0 0 pre-restore /proc/%d/fd/5\n", getpid());
	check_text("out", want);
	signal(SIGPIPE, SIG_DFL);
}

static void stages_treat_statuses(void)
{
	struct options opts = with_scripts(3);
	int status;

	write_script(0, "exit 3");
	write_script(1, "exit 0");
	write_script(2, "exit 4");
	for (int stage = SCRIPT_PRE_DUMP; stage <= SCRIPT_POST_RESUME; stage++) {
		bool ends = stage == SCRIPT_PRE_DUMP || stage == SCRIPT_NETWORK_LOCK ||
			    (stage >= SCRIPT_PRE_RESTORE && stage <= SCRIPT_POST_RESTORE);

		if (ends)
			CHECK_ERR(scripts_run(&opts, stage, 5, 1, &status), ERR_USAGE);
		else
			CHECK_OK(scripts_run(&opts, stage, 5, 1, &status));
		CHECK(status == 4);
	}
	items[2] = "/nonexistent/script";
	CHECK_OK(scripts_run(&opts, SCRIPT_PRE_RESUME, 5, 1, &status));
	CHECK(status == 127);
	opts.action_scripts.nr = 0;
	CHECK_OK(scripts_run(&opts, SCRIPT_PRE_DUMP, 5, 1, &status));
	CHECK(status == 0);
}

static void missing_scripts_are_found_before(void)
{
	struct options opts = with_scripts(2);
	struct err *e;

	write_script(0, "exit 0");
	write_script(1, "exit 0");
	CHECK_OK(scripts_check(&opts));
	CHECK(chmod(script_paths[1], 0600) == 0);
	items[0] = "/nonexistent/script";
	e = scripts_check(&opts);
	CHECK(e && err_next(e) && !err_next(err_next(e)));
	err_drop(e, "expected by the test");
}

static void pid_files_are_exclusive(void)
{
	struct options opts = { .pidfile = "pid", .status_fd = -1 };
	struct options none = { .status_fd = -1 };
	struct stat st;

	CHECK_OK(pidfile_check(&opts));
	CHECK_OK(pidfile_write(&opts, 4242));
	CHECK(stat("pid", &st) == 0 && (st.st_mode & 07777) == 0600);
	CHECK_ERR(pidfile_check(&opts), ERR_USAGE);
	CHECK_ERR(pidfile_write(&opts, 1), ERR_USAGE);
	pidfile_remove(&opts, 424);
	check_text("pid", "4242");
	CHECK_OK(pidfile_write(&opts, 7));
	pidfile_remove(&opts, 7);
	pidfile_remove(&opts, 7);
	CHECK(access("pid", F_OK) < 0);
	CHECK_OK(pidfile_check(&none));
	CHECK_OK(pidfile_write(&none, 7));
	CHECK(symlink("elsewhere", "pid") == 0);
	CHECK_ERR(pidfile_check(&opts), ERR_USAGE);
	CHECK_ERR(pidfile_write(&opts, 7), ERR_USAGE);
	CHECK(unlink("pid") == 0);
}

static void ready_is_one_nul(void)
{
	struct options opts = { .status_fd = -1 };
	char buf[4];
	int pipes[2];

	CHECK_OK(status_ready(&opts));
	CHECK(pipe(pipes) == 0);
	opts.status_fd = pipes[1];
	CHECK_OK(status_ready(&opts));
	CHECK(read(pipes[0], buf, sizeof(buf)) == 1 && buf[0] == '\0');
	/* Closed on our side. */
	CHECK(read(pipes[0], buf, sizeof(buf)) == 0);
	close(pipes[0]);
}

/* Byte for byte what CRIU writes for these numbers. */
static void statistics_are_crius(void)
{
	static const unsigned char want[] = {
		0x40, 0x59, 0x10, 0x55, 0x06, 0x33, 0x09, 0x57, 0x22, 0x00, 0x00, 0x00,
		0x0a, 0x20, 0x08, 0xdf, 0x01, 0x10, 0xbf, 0x81, 0x01, 0x18, 0xc4, 0x01,
		0x20, 0x49, 0x28, 0x38, 0x30, 0x00, 0x38, 0x1d, 0x40, 0x00, 0x48, 0x00,
		0x50, 0x06, 0x58, 0x06, 0x60, 0x00, 0x68, 0x00, 0x70, 0x00,
	};
	struct dump_stats dump = { .freezing_us = 223,
				   .frozen_us = 16575,
				   .memdump_us = 196,
				   .memwrite_us = 73,
				   .pages_scanned = 56,
				   .pages_written = 29 };
	struct restore_stats restore = { .restore_us = 1ULL << 40, .pages_restored = 29 };
	struct options opts = { .status_fd = -1 };
	unsigned char have[64];
	int fd;

	CHECK_OK(dump_stats_save(&opts, AT_FDCWD, &dump));
	fd = open("stats-dump", O_RDONLY);
	CHECK(fd >= 0 && read(fd, have, sizeof(have)) == sizeof(want));
	close(fd);
	/* The two counts of CRIU's pipes are 0 here. */
	have[37] = have[39] = 0x06;
	CHECK(!memcmp(have, want, sizeof(want)));
	CHECK_OK(restore_stats_save(&opts, &restore));
	CHECK_OK(restore_stats_save(&opts, &restore));
	CHECK(unlink("stats-dump") == 0 && unlink("stats-restore") == 0);
}

int main(void)
{
	CHECK(mkdtemp(dir) && chdir(dir) == 0);
	UNIT_RUN(scripts_run_last_first);
	UNIT_RUN(stages_treat_statuses);
	UNIT_RUN(missing_scripts_are_found_before);
	UNIT_RUN(pid_files_are_exclusive);
	UNIT_RUN(ready_is_one_nul);
	UNIT_RUN(statistics_are_crius);
	for (size_t i = 0; i < ARRAY_SIZE(script_paths); i++)
		unlink(script_paths[i]);
	CHECK(chdir("/") == 0 && rmdir(dir) == 0);
	return 0;
}
