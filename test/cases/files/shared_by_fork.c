/* SPDX-License-Identifier: GPL-2.0-only */
/* A file opened before fork is one open file in parent, child and grandchild, at other numbers too. */
#include "case.h"

#include <fcntl.h>

static int fd;

static void grandchild(void *arg)
{
	int moved = CASE_SYS(dup2(fd, 333));

	(void)arg;
	close(fd);
	case_here();
	case_wait_go();
	while (lseek(moved, 0, SEEK_CUR) != 200)
		case_sleep_ms(1);
	CASE_SYS(lseek(moved, 300, SEEK_SET));
}

static void child(void *arg)
{
	pid_t pid = case_fork(grandchild, arg);

	case_here();
	case_wait_go();
	while (lseek(fd, 0, SEEK_CUR) != 100)
		case_sleep_ms(1);
	CASE_SYS(lseek(fd, 200, SEEK_SET));
	case_join(pid);
}

int main(void)
{
	pid_t pid;

	fd = case_make_file("file", 1000, 64);
	pid = case_fork(child, NULL);
	case_wait_here(2);
	case_ready();
	CASE_SYS(lseek(fd, 100, SEEK_SET));
	case_join(pid);
	CASE_EQ(lseek(fd, 0, SEEK_CUR), 300);
	return case_pass();
}
