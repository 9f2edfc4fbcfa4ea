/* SPDX-License-Identifier: GPL-2.0-only */
/* A child's own copy of a file's page stays its own, also where it equals the file and the parent has none any more. */
/* peer: no-restore can restore what it dumped, but takes a page that reads like the file for the file's */
#include "case.h"

#include <fcntl.h>
#include <sys/mman.h>

enum { PAGES = 8, PAGE = 4096 };

static volatile int *is_written;

static void child(void *at)
{
	case_here();
	case_wait_go();
	while (!*is_written)
		usleep(1000);
	for (int i = 0; i < PAGES * PAGE; i++)
		CASE_EQ(((const char *)at)[i], 0);
}

int main(void)
{
	static const char word[] = "changed";
	char *area;
	int fd = open("file", O_RDWR | O_CREAT, 0600);
	pid_t pid;

	CASE_SYS(fd);
	CASE_SYS(ftruncate(fd, PAGES * PAGE));
	is_written = case_map_shared(sizeof(*is_written));
	area = mmap(NULL, PAGES * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE, fd, 0);
	CASE_CHECK(area != MAP_FAILED, "mmap");
	for (int i = 0; i < PAGES; i++)
		*(volatile char *)(area + i * PAGE) = 0;
	pid = case_fork(child, area);
	CASE_SYS(madvise(area + PAGE, (PAGES - 2) * PAGE, MADV_DONTNEED));
	case_wait_here(1);
	case_ready();
	for (int i = 0; i < PAGES; i++)
		CASE_EQ(pwrite(fd, word, sizeof(word), i * PAGE), (ssize_t)sizeof(word));
	*is_written = 1;
	case_join(pid);
	return case_pass();
}
