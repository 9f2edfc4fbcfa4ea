/* SPDX-License-Identifier: GPL-2.0-only */
/* A thousand open files in one process, every third a copy of its neighbour. */
#include "case.h"

#include <fcntl.h>
#include <sys/resource.h>

#define NR 1000

int main(void)
{
	struct rlimit r;
	int fd[NR];

	CASE_SYS(getrlimit(RLIMIT_NOFILE, &r));
	if (r.rlim_max < NR + 50)
		case_skip("only %lu descriptors are allowed", (unsigned long)r.rlim_max);
	r.rlim_cur = NR + 50;
	CASE_SYS(setrlimit(RLIMIT_NOFILE, &r));
	close(case_make_file("file", 10000, 66));
	for (int i = 0; i < NR; i++) {
		fd[i] = CASE_SYS(i % 3 ? open("file", O_RDONLY) : dup(i ? fd[i - 1] : 0));
		if (i % 3)
			CASE_SYS(lseek(fd[i], i, SEEK_SET));
	}
	case_ready();
	for (int i = 1; i < NR; i++)
		CASE_EQ(lseek(fd[i], 0, SEEK_CUR), i % 3 ? i : i - 1);
	return case_pass();
}
