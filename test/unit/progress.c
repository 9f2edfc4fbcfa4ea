// SPDX-License-Identifier: GPL-2.0-only
/* base/progress: what it says, when it draws on a terminal, and that neither a held terminal nor a file sees it. */
#include "base/progress.h"

#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <termios.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/fd.h"
#include "base/log.h"
#include "unit/unit.h"

#define ERASE "\r\033[K"
#define MARK "\001"

enum { SECOND_US = 1000000 };

static void words(void)
{
	struct progress p = { .what = "dump", .total = 262144 };
	char text[120];

	progress_text(&p, 65536, SECOND_US / 2, text, sizeof(text));
	CHECK_STR(text, "dump: 65536 of 262144 pages, 25 %, 512 MiB/s, 1 s left");
	progress_text(&p, 2560, 4 * SECOND_US, text, sizeof(text));
	CHECK_STR(text, "dump: 2560 of 262144 pages, 0 %, 2 MiB/s, 6 min 45 s left");
	progress_text(&p, 0, 2 * SECOND_US, text, sizeof(text));
	CHECK_STR(text, "dump: 0 pages, 0 MiB/s");
	/* More came than was said: nothing is promised. */
	progress_text(&p, 300000, SECOND_US, text, sizeof(text));
	CHECK_STR(text, "dump: 300000 pages, 1171 MiB/s");
	progress_text(&p, 65536, SECOND_US, text, 12);
	CHECK_STR(text, "dump: 65536");
}

/* Standard error becomes the end of a new pseudo terminal, whose other end is the result. */
static int on_terminal(int *slave_out)
{
	int master = posix_openpt(O_RDWR | O_NOCTTY);
	struct termios raw;

	CHECK(master >= 0 && !grantpt(master) && !unlockpt(master));
	*slave_out = open(ptsname(master), O_RDWR | O_NOCTTY);
	CHECK(*slave_out >= 0 && !tcgetattr(*slave_out, &raw));
	cfmakeraw(&raw);
	CHECK(!tcsetattr(*slave_out, TCSANOW, &raw));
	CHECK(dup2(*slave_out, STDERR_FILENO) == STDERR_FILENO);
	CHECK(!fcntl(master, F_SETFL, O_NONBLOCK));
	return master;
}

static int said, terminal = -1;

/* What a failed check has said there. */
static void tell(void)
{
	char text[4096];
	ssize_t len = read(terminal, text, sizeof(text));

	if (len > 0 && write(said, text, (size_t)len) < 0)
		_exit(1);
}

/* The kernel hands over what a terminal was given a little later: all of it is there when a mark behind it is. */
static const char *seen(int master)
{
	struct pollfd p = { .fd = master, .events = POLLIN };
	static char text[4096];
	size_t len = 0;
	ssize_t n;

	CHECK(write(STDERR_FILENO, MARK, 1) == 1);
	do {
		CHECK(poll(&p, 1, 60000) == 1);
		n = read(master, text + len, sizeof(text) - 1 - len);
		CHECK(n > 0);
		len += (size_t)n;
	} while (text[len - 1] != MARK[0]);
	text[len - 1] = 0;
	return text;
}

static void age(struct progress *p, uint64_t us)
{
	p->start_us -= us;
	p->draw_at_us -= us;
	p->log_at_us -= us;
}

static void drawn(int master)
{
	struct progress p;

	progress_begin(&p, "verify", 1000);
	progress_add(&p, 100);
	CHECK_STR(seen(master), "");
	age(&p, SECOND_US);
	progress_add(&p, 150);
	CHECK(!strncmp(seen(master), ERASE "verify: 250 of 1000 pages, 25 %, ", 36));
	/* Not at each chunk. */
	progress_add(&p, 250);
	CHECK_STR(seen(master), "");
	age(&p, SECOND_US);
	progress_show(&p);
	CHECK(strstr(seen(master), ERASE "verify: 500 of 1000 pages, 50 %, "));
	log_error("unit", 0, "a line of the log");
	CHECK_STR(seen(master), "");
	progress_end(&p);
	CHECK_STR(seen(master), ERASE);
	progress_end(&p);
	progress_add(&p, 1);
	progress_add(NULL, 1);
	CHECK_STR(seen(master), "");
}

/* The log's lines go to this terminal too, but there are few. */
static void makes_room_for_the_log(int master)
{
	struct progress p;

	log_close();
	progress_begin(&p, "dump", 10);
	age(&p, SECOND_US);
	progress_add(&p, 5);
	CHECK(strstr(seen(master), "dump: 5 of 10"));
	log_warn("unit", 0, "take care");
	CHECK(!strncmp(seen(master), ERASE " ", 5));
	progress_end(&p);
	seen(master);
	log_warn("unit", 0, "take care");
	CHECK(seen(master)[0] == ' ');

	log_set_level(LOG_INFO);
	progress_begin(&p, "dump", 10);
	age(&p, SECOND_US);
	progress_add(&p, 5);
	CHECK_STR(seen(master), "");
	progress_end(&p);
	log_set_level(LOG_WARN);
}

/* Would wait for ever if it wrote: the test's alarm ends it then. */
static void held_terminal(int master, int slave)
{
	struct progress p;

	progress_begin(&p, "restore", 100);
	CHECK(!tcflow(slave, TCOOFF));
	alarm(10);
	for (int i = 0; i < 100; i++) {
		age(&p, SECOND_US);
		progress_add(&p, 1);
	}
	progress_end(&p);
	alarm(0);
	CHECK(!tcflow(slave, TCOON));
	CHECK_STR(seen(master), "");
}

static void *adder(void *arg)
{
	struct progress *p = arg;

	for (int i = 0; i < 1000; i++)
		progress_add(p, 3);
	return NULL;
}

/* Another thread counts and does not draw; a counter elsewhere goes on from what there was. */
static void shared(int master)
{
	uint64_t elsewhere = 0;
	struct progress p;
	pthread_t thread;

	progress_begin(&p, "restore", 9000);
	progress_add(&p, 7);
	progress_share(&p, &elsewhere);
	age(&p, SECOND_US);
	CHECK(!pthread_create(&thread, NULL, adder, &p) && !pthread_join(thread, NULL));
	CHECK(elsewhere == 3007);
	CHECK_STR(seen(master), "");
	progress_show(&p);
	CHECK(strstr(seen(master), "restore: 3007 of 9000 pages"));
	progress_mute(&p);
	age(&p, 2 * (uint64_t)SECOND_US);
	progress_end(&p);
}

static void logged(int master, const char *path)
{
	AUTO_FREE char *text = NULL;
	struct progress p;
	char *line;

	log_set_level(LOG_INFO);
	CHECK_OK(log_open(path));
	CHECK(!setenv("TERM", "dumb", 1));
	progress_begin(&p, "squash", 0);
	progress_expect(&p, 20);
	age(&p, (uint64_t)SECOND_US);
	progress_add(&p, 1);
	age(&p, 4 * (uint64_t)SECOND_US);
	progress_add(&p, 4);
	progress_add(&p, 5);
	progress_end(&p);
	CHECK_STR(seen(master), "");
	CHECK_OK(file_slurp_at(AT_FDCWD, &text, NULL, "%s", path));
	line = strstr(text, "squash: pages=5 of=20 mib-per-s=0 left-s=15\n");
	CHECK(line && !strstr(line + 1, "squash:"));
}

int main(void)
{
	char dir[] = "/tmp/unit-progress.XXXXXX", path[64];
	int slave, master;

	UNIT_RUN(words);
	CHECK(mkdtemp(dir));
	snprintf(path, sizeof(path), "%s/log", dir);
	CHECK(!setenv("TERM", "vt100", 1));
	CHECK_OK(log_open(path));
	said = dup(STDERR_FILENO);
	master = terminal = on_terminal(&slave);
	atexit(tell);
	drawn(master);
	held_terminal(master, slave);
	shared(master);
	makes_room_for_the_log(master);
	logged(master, path);
	CHECK(dup2(said, STDERR_FILENO) == STDERR_FILENO);
	unlink(path);
	rmdir(dir);
	return 0;
}
