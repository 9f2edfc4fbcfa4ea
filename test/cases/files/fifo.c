/* SPDX-License-Identifier: GPL-2.0-only */
/* A fifo with data, open at both ends in two processes, and one open for both by one. */
#include "case.h"

#include <fcntl.h>
#include <sys/stat.h>

static void child(void *arg)
{
	int fd = CASE_SYS(open("fifo", O_WRONLY));

	(void)arg;
	CASE_EQ(write(fd, "before", 6), 6);
	case_here();
	case_wait_go();
	CASE_EQ(write(fd, "after", 5), 5);
}

int main(void)
{
	int fd, both;
	char buf[16];
	pid_t pid;

	CASE_SYS(mkfifo("fifo", 0600));
	CASE_SYS(mkfifo("both", 0600));
	both = CASE_SYS(open("both", O_RDWR));
	CASE_EQ(write(both, "self", 4), 4);
	pid = case_fork(child, NULL);
	fd = CASE_SYS(open("fifo", O_RDONLY));
	case_wait_here(1);
	case_ready();
	case_join(pid);
	CASE_EQ(read(fd, buf, 16), 11);
	CASE_CHECK(!memcmp(buf, "beforeafter", 11), "other data");
	CASE_EQ(read(both, buf, 16), 4);
	CASE_CHECK(!memcmp(buf, "self", 4), "other data");
	return case_pass();
}
