/* SPDX-License-Identifier: GPL-2.0-only */
/* One deleted file open in two processes by different opens, mapped in one of them. */
#include "case.h"

#include <fcntl.h>
#include <sys/mman.h>

static void child(void *arg)
{
	int fd = CASE_SYS(open("file", O_RDWR));

	(void)arg;
	case_here();
	case_wait_go();
	CASE_EQ(pwrite(fd, "child", 5, 0), 5);
}

int main(void)
{
	int fd = case_make_file("file", 8192, 46);
	char *map = mmap(NULL, 8192, PROT_READ, MAP_SHARED, fd, 0);
	pid_t pid = case_fork(child, NULL);

	case_wait_here(1);
	CASE_SYS(unlink("file"));
	case_ready();
	case_join(pid);
	CASE_CHECK(!memcmp(map, "child", 5), "the mapping shows another file");
	return case_pass();
}
