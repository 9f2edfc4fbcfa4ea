/* SPDX-License-Identifier: GPL-2.0-only */
/* Two opens with O_APPEND of one file, in two processes: each write goes to the end, wherever its position is. */
#include "case.h"

#include <fcntl.h>

static int open_log(void)
{
	return CASE_SYS(open("log", O_RDWR | O_CREAT | O_APPEND, 0644));
}

static void child(void *arg)
{
	int fd = open_log();

	(void)arg;
	CASE_EQ(write(fd, "b", 1), 1);
	case_here();
	case_wait_go();
	CASE_EQ(lseek(fd, 0, SEEK_CUR), 2);
	CASE_EQ(lseek(fd, 0, SEEK_SET), 0);
	CASE_EQ(write(fd, "BB", 2), 2);
	CASE_EQ(lseek(fd, 0, SEEK_CUR), 5);
}

int main(void)
{
	int fd = open_log();
	pid_t pid;

	CASE_EQ(write(fd, "a", 1), 1);
	pid = case_fork(child, NULL);
	case_wait_here(1);
	CASE_EQ(write(fd, "a", 1), 1);
	CASE_EQ(lseek(fd, 1, SEEK_SET), 1);
	case_ready();
	case_join(pid);
	CASE_EQ(write(fd, "A", 1), 1);
	CASE_CHECK(!strcmp(case_read_file("log"), "abaBBA"), "the file is \"%s\"",
		   case_read_file("log"));
	return case_pass();
}
