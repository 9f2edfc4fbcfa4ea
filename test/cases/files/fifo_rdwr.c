/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A fifo open for both directions in one process and for one in another, with data, with a buffer of its own size
 * and with O_NONBLOCK; and one whose writers are all gone, one whose readers are.
 */
#include "case.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/stat.h>

static void child(void *arg)
{
	int fd = CASE_SYS(open("both", O_RDONLY));
	char buf[8] = "";

	(void)arg;
	case_here();
	case_wait_go();
	CASE_EQ(read(fd, buf, 3), 3);
	CASE_CHECK(!strcmp(buf, "abc"), "the child read \"%s\"", buf);
}

static int open_fifo(const char *name, int flags)
{
	if (mkfifo(name, 0600) && errno != EEXIST)
		case_fail(__FILE__, __LINE__, "mkfifo: %s", strerror(errno));
	return CASE_SYS(open(name, flags));
}

int main(void)
{
	int both = open_fifo("both", O_RDWR | O_NONBLOCK), rest, writer, keeper, flags;
	char buf[16] = "";
	pid_t pid = case_fork(child, NULL);

	CASE_SYS(fcntl(both, F_SETPIPE_SZ, 1 << 18));
	CASE_EQ(write(both, "abcdef", 6), 6);
	rest = open_fifo("no-writer", O_RDONLY | O_NONBLOCK);
	keeper = open_fifo("no-writer", O_WRONLY);
	CASE_EQ(write(keeper, "rest", 4), 4);
	close(keeper);
	keeper = open_fifo("no-reader", O_RDWR);
	writer = open_fifo("no-reader", O_WRONLY);
	CASE_EQ(write(writer, "lost", 4), 4);
	close(keeper);
	signal(SIGPIPE, SIG_IGN);
	flags = CASE_SYS(fcntl(both, F_GETFL));
	case_wait_here(1);
	case_ready();
	CASE_EQ(fcntl(both, F_GETFL), flags);
	CASE_EQ(fcntl(both, F_GETPIPE_SZ), 1 << 18);
	case_join(pid);
	CASE_EQ(read(both, buf, 16), 3);
	CASE_CHECK(!strcmp(buf, "def"), "the rest is \"%s\"", buf);
	CASE_EQ(read(both, buf, 16), -1);
	CASE_EQ(errno, EAGAIN);
	CASE_EQ(read(rest, buf, 16), 4);
	CASE_CHECK(!memcmp(buf, "rest", 4), "other data");
	CASE_EQ(read(rest, buf, 16), 0);
	CASE_EQ(write(writer, "x", 1), -1);
	CASE_EQ(errno, EPIPE);
	return case_pass();
}
