/* SPDX-License-Identifier: GPL-2.0-only */
/* A locked mapping that reaches behind the end of its memfd, where nothing can be made present. */
#include <sys/mman.h>
#include <unistd.h>

#include "case.h"

enum { LEN = 1 << 20, PAGE = 4096 };

int main(void)
{
	int fd = CASE_SYS(memfd_create("shrunk", 0));
	char *at;

	CASE_SYS(ftruncate(fd, LEN));
	at = mmap(NULL, LEN, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	CASE_CHECK(at != MAP_FAILED, "no mapping");
	CASE_SYS(mlock(at, LEN));
	at[0] = 'a';
	CASE_SYS(ftruncate(fd, PAGE));
	case_ready();
	CASE_EQ(at[0], 'a');
	CASE_SYS(ftruncate(fd, LEN));
	CASE_EQ(at[PAGE], 0);
	return case_pass();
}
