/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Four generations by fork, each with changes of its own to pages it shares with the others: written by
 * one, by two, by all, and dropped by one.
 */
#include "case.h"

#include <sys/mman.h>

#define GENERATIONS 4
#define PAGES 32
#define PAGE 4096

static char *area;

/* Page i is written by generation g when bit g of i is set. */
static void write_own(int g)
{
	for (int i = 0; i < PAGES; i++)
		if (i >> g & 1)
			area[i * PAGE + 3] = (char)('0' + g);
}

static void check(int g)
{
	for (int i = 0; i < PAGES; i++) {
		char want = 'r';

		for (int k = 0; k <= g; k++)
			if (i >> k & 1)
				want = (char)('0' + k);
		if (g == 2 && i == 19)
			CASE_EQ(area[i * PAGE + 3], 0);
		else
			CASE_EQ(area[i * PAGE + 3], want);
		CASE_EQ(area[i * PAGE], g == 2 && i == 19 ? 0 : i);
	}
}

static void generation(void *number)
{
	long g = (long)number;
	pid_t pid = 0;

	write_own(g);
	if (g + 1 < GENERATIONS)
		pid = case_fork(generation, (void *)(g + 1));
	if (g + 1 < GENERATIONS)
		case_wait_here(GENERATIONS - g - 1);
	if (g == 2)
		CASE_SYS(madvise(area + 19 * PAGE, PAGE, MADV_DONTNEED));
	case_here();
	if (!g)
		case_ready();
	case_wait_go();
	check(g);
	write_own(g); /* touches nobody else */
	if (pid)
		case_join(pid);
	check(g);
}

int main(void)
{
	area = case_map(PAGES * PAGE);
	for (int i = 0; i < PAGES; i++) {
		area[i * PAGE] = (char)i;
		area[i * PAGE + 3] = 'r';
	}
	generation(NULL);
	return case_pass();
}
