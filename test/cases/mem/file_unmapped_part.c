/* SPDX-License-Identifier: GPL-2.0-only */
/* Mappings of a file of which the parent has unmapped a part: the child still sees each page of the file at its place. */
#include "case.h"

#include <fcntl.h>
#include <sys/mman.h>

enum { PAGES = 12, PAGE = 4096, LEN = PAGES * PAGE, SEED = 9 };

static char *areas[2], wanted[LEN];

static void child(void *arg)
{
	(void)arg;
	case_here();
	case_wait_go();
	for (size_t i = 0; i < CASE_NR(areas); i++)
		for (int page = 0; page < PAGES; page++)
			CASE_CHECK(!memcmp(areas[i] + page * PAGE, wanted + page * PAGE, PAGE),
				   "page %d of area %zu is another one", page, i);
}

int main(void)
{
	static const int flags[] = { MAP_PRIVATE, MAP_SHARED };
	int fd = case_make_file("file", LEN, SEED);
	pid_t pid;

	CASE_EQ(pread(fd, wanted, LEN, 0), LEN);
	for (size_t i = 0; i < CASE_NR(areas); i++) {
		areas[i] = mmap(NULL, LEN, PROT_READ, flags[i], fd, 0);
		CASE_CHECK(areas[i] != MAP_FAILED, "mmap: %s", strerror(errno));
	}
	pid = case_fork(child, NULL);
	/* In front, in the middle and at the end. */
	for (size_t i = 0; i < CASE_NR(areas); i++)
		for (int page = 0; page < PAGES; page += 5)
			CASE_SYS(munmap(areas[i] + page * PAGE, 2 * PAGE));
	case_wait_here(1);
	case_ready();
	case_join(pid);
	return case_pass();
}
