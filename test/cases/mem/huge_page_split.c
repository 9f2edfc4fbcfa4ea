/* SPDX-License-Identifier: GPL-2.0-only */
/* Transparent huge pages, of which parts were unmapped, protected, dropped and written by a child. */
#include "case.h"

#include <sys/mman.h>

#define HUGE (2L << 20)
#define PAGE 4096

static char *area;

static void child(void *arg)
{
	(void)arg;
	memset(area + HUGE + 7 * PAGE, 'c', PAGE);
	case_here();
	case_wait_go();
	CASE_EQ(area[HUGE + 7 * PAGE], 'c');
	CASE_EQ(area[HUGE + 8 * PAGE], 'p');
	CASE_EQ(area[5 * PAGE], 'p');
}

int main(void)
{
	char *all = case_map(5 * HUGE);
	pid_t pid;

	area = (char *)(((uintptr_t)all + HUGE - 1) & -HUGE);
	CASE_SYS(madvise(area, 4 * HUGE, MADV_HUGEPAGE));
	memset(area, 'p', 4 * HUGE);
	CASE_SYS(munmap(area + 2 * HUGE + 3 * PAGE, PAGE));
	CASE_SYS(mprotect(area + 3 * HUGE + 9 * PAGE, 2 * PAGE, PROT_READ));
	pid = case_fork(child, NULL);
	case_wait_here(1);
	CASE_SYS(madvise(area + 5 * PAGE, PAGE, MADV_DONTNEED));
	case_ready();
	CASE_EQ(area[5 * PAGE], 0);
	CASE_EQ(area[6 * PAGE], 'p');
	CASE_EQ(area[HUGE + 7 * PAGE], 'p');
	CASE_CHECK(case_faults(area + 2 * HUGE + 3 * PAGE, NULL), "the hole is filled");
	CASE_EQ(area[2 * HUGE + 4 * PAGE], 'p');
	CASE_EQ(area[3 * HUGE + 10 * PAGE], 'p');
	area[4 * HUGE - 1] = 'q';
	case_join(pid);
	return case_pass();
}
