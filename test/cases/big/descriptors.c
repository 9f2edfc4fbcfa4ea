/* SPDX-License-Identifier: GPL-2.0-only */
/* A process of many descriptors.  CASE_DESCRIPTORS says how many (2000; the full count is 10000). */
/* budget: 120s */
#include "case.h"

#include <fcntl.h>
#include <sys/resource.h>

int main(void)
{
	const char *env = getenv("CASE_DESCRIPTORS");
	int nr = env ? atoi(env) : 2000, *fd = calloc(nr, sizeof(*fd));
	struct rlimit r;

	CASE_SYS(getrlimit(RLIMIT_NOFILE, &r));
	if (r.rlim_max < (rlim_t)nr + 100)
		case_skip("only %lu descriptors are allowed", (unsigned long)r.rlim_max);
	r.rlim_cur = nr + 100;
	CASE_SYS(setrlimit(RLIMIT_NOFILE, &r));
	close(case_make_file("file", 4096, 1));
	for (int i = 0; i < nr; i++) {
		fd[i] = CASE_SYS(open("file", O_RDONLY));
		CASE_SYS(lseek(fd[i], i, SEEK_SET));
	}
	case_ready();
	for (int i = 0; i < nr; i++)
		CASE_EQ(lseek(fd[i], 0, SEEK_CUR), i);
	return case_pass();
}
