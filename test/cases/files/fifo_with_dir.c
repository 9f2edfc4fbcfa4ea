/* SPDX-License-Identifier: GPL-2.0-only */
/* A fifo in a directory that is gone with it: data, both ends in two processes, and what each may do. */
#include "case.h"

#include <fcntl.h>
#include <sys/stat.h>

static void writer(void *arg)
{
	int fd = CASE_SYS(open("dir/fifo", O_WRONLY));

	(void)arg;
	CASE_EQ(write(fd, "before", 6), 6);
	case_here();
	case_wait_go();
	CASE_EQ(write(fd, "after", 5), 5);
}

int main(void)
{
	char buf[16] = "";
	pid_t pid;
	int fd;

	CASE_SYS(mkdir("dir", 0755));
	CASE_SYS(mkfifo("dir/fifo", 0640));
	pid = case_fork(writer, NULL);
	fd = CASE_SYS(open("dir/fifo", O_RDONLY));
	case_wait_here(1);
	CASE_SYS(unlink("dir/fifo"));
	CASE_SYS(rmdir("dir"));
	case_ready();
	case_join(pid);
	CASE_EQ(read(fd, buf, 16), 11);
	CASE_CHECK(!strcmp(buf, "beforeafter"), "the data is \"%s\"", buf);
	CASE_EQ(read(fd, buf, 16), 0);
	CASE_CHECK(access("dir", F_OK) < 0, "the directory came back");
	return case_pass();
}
