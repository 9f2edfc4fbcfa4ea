/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Copy on write: pages a child shares with its parent are the same frames after a restore, those it
 * changed (to zeros too) are not, and those it dropped are not there.  The child's area was cut in
 * two as well.
 */
/* peer: no-restore wrong shares nothing when the areas have other bounds */
/* needs: root */
#include "case.h"

#include <sys/mman.h>

#define NR 256

static char *area;
static uint64_t *frames;

/* A page that the child has overwritten with zeros. */
static int zeroed(int who)
{
	return 154 + who;
}

static void child(void *number)
{
	int who = *(int *)number;
	uint64_t *mine = frames + (who + 1) * NR;

	for (int i = who; i < NR; i += 8)
		case_fill(area + i * 4096, 4096, 1000 + i);
	memset(area + zeroed(who) * 4096, 0, 4096);
	CASE_SYS(madvise(area + 100 * 4096, 10 * 4096, MADV_DONTNEED));
	CASE_SYS(munmap(area + 120 * 4096, 4 * 4096));
	case_here();
	case_wait_go();
	for (int i = 0; i < NR; i++) {
		if (i >= 120 && i < 124)
			continue;
		mine[i] = PM_PFN(case_pagemap(area + i * 4096));
		if ((i >= 100 && i < 110) || i == zeroed(who))
			CASE_EQ(area[i * 4096], 0);
		else
			case_check_fill(area + i * 4096, 4096, i % 8 == who ? 1000 + i : i,
					"page of a child");
	}
}

int main(void)
{
	int who[2] = { 0, 1 }, shared = 0, could = 0;
	pid_t pid[2];

	area = case_map(NR * 4096);
	frames = case_map_shared(3 * NR * 8);
	CASE_SYS(madvise(area, NR * 4096, MADV_NOHUGEPAGE));
	for (int i = 0; i < NR; i++)
		case_fill(area + i * 4096, 4096, i);
	for (int c = 0; c < 2; c++)
		pid[c] = case_fork(child, &who[c]);
	case_wait_here(2);
	case_ready();
	for (int i = 0; i < NR; i++)
		frames[i] = PM_PFN(case_pagemap(area + i * 4096));
	if (!frames[0])
		case_skip("pagemap shows no frame numbers");
	for (int c = 0; c < 2; c++)
		case_join(pid[c]);
	for (int i = 0; i < NR; i++)
		for (int c = 0; c < 2; c++) {
			if (i % 8 == c || i == zeroed(c) || (i >= 100 && i < 110) ||
			    (i >= 120 && i < 124)) {
				CASE_CHECK(frames[(c + 1) * NR + i] != frames[i],
					   "page %d of child %d is shared", i, c);
				continue;
			}
			could++;
			shared += frames[(c + 1) * NR + i] == frames[i];
		}
	CASE_CHECK(shared == could, "%d of %d pages are shared", shared, could);
	return case_pass();
}
