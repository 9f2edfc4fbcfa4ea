// SPDX-License-Identifier: GPL-2.0-only
/* base/log: levels, early lines, the ring, lines that cannot be broken. */
#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>

#include "base/fd.h"
#include "base/log.h"
#include "unit/unit.h"

static char *log_text(const char *path)
{
	char *text = NULL;

	CHECK_OK(file_slurp_at(AT_FDCWD, &text, NULL, "%s", path));
	return text;
}

static void early_lines_reach_the_file(const char *path)
{
	AUTO_FREE char *text = NULL;
	struct stat st;

	log_info("unit", 0, "before the level was known");
	log_set_level(LOG_INFO);
	CHECK_OK(log_set_room("noisy=debug"));
	CHECK_ERR(log_set_room("noisy"), ERR_USAGE);
	CHECK_ERR(log_set_room("noisy=loud"), ERR_USAGE);
	CHECK_OK(log_open(path));
	text = log_text(path);
	CHECK(strstr(text, " info  unit         -  before the level was known\n"));
	CHECK(!stat(path, &st) && (st.st_mode & 0777) == 0600);
	CHECK(fcntl(log_fd(), F_GETFD) & FD_CLOEXEC);
}

static void levels_choose(const char *path)
{
	AUTO_FREE char *text = NULL;

	log_debug("unit", 42, "kept in memory");
	log_debug("noisy", 42, "shown: value=%d", 5);
	log_warn("unit", 0, "one\nline \x1b[31m");
	errno = ENOENT;
	log_info("unit", 0, "%m");
	CHECK(errno == ENOENT);
	text = log_text(path);
	CHECK(!strstr(text, "kept in memory"));
	CHECK(strstr(text, " debug noisy       42  shown: value=5\n"));
	CHECK(strstr(text, "one?line ?[31m\n"));
	CHECK(strstr(text, "No such file or directory\n"));
}

static void ring_explains(const char *path)
{
	AUTO_FREE char *text = NULL;
	char *line;

	log_dump_ring();
	text = log_text(path);
	line = strstr(text, "kept in memory");
	CHECK(line && line > strstr(text, "--- what led to this"));
	/* What was shown already is not shown again. */
	CHECK(!strstr(line, "shown: value=5"));
}

/* More lines than the ring holds: the newest are there and whole, the oldest are gone. */
static void ring_wraps(const char *path)
{
	AUTO_FREE char *text = NULL;
	char want[64], long_text[4000];

	for (int i = 0; i < 20000; i++)
		log_debug("unit", 0, "line number %d.", i);
	memset(long_text, 'x', sizeof(long_text) - 1);
	long_text[sizeof(long_text) - 1] = 0;
	log_debug("unit", 0, "%s", long_text);
	CHECK(!truncate(path, 0));
	log_dump_ring();
	text = log_text(path);
	CHECK(!strstr(text, "line number 5."));
	CHECK(strstr(text, "line number 19999.\n"));
	CHECK(strstr(text, "xxx\n"));
	for (int i = 19000; i < 20000; i++) {
		snprintf(want, sizeof(want), "line number %d.\n", i);
		CHECK(strstr(text, want));
	}
	CHECK(strlen(text) < 512 * 1024);
}

int main(void)
{
	char dir[] = "/tmp/unit-log-XXXXXX", path[64];

	CHECK(mkdtemp(dir));
	snprintf(path, sizeof(path), "%s/log", dir);
	early_lines_reach_the_file(path);
	levels_choose(path);
	ring_explains(path);
	ring_wraps(path);
	log_close();
	unlink(path);
	rmdir(dir);
	return 0;
}
