/* SPDX-License-Identifier: GPL-2.0-only */
/* The end of the heap moves, an area grows by mremap, and another drops its pages: content and zeros are right. */
/* busy: it changes all the time */
#include "case.h"

#include <sys/mman.h>

#define PAGE 4096

static void heap(unsigned round)
{
	size_t len = (round % 50 + 1) * PAGE;
	char *base = sbrk(len);

	CASE_CHECK(base != (void *)-1, "sbrk: %s", strerror(errno));
	for (size_t i = 0; i < len; i += PAGE) {
		CASE_EQ(base[i], 0);
		base[i] = 1 + i / PAGE % 100;
	}
	for (size_t i = 0; i < len; i += PAGE)
		CASE_EQ(base[i], 1 + (long)(i / PAGE % 100));
	CASE_CHECK(sbrk(-(long)len) == base + len, "the heap ends elsewhere");
}

static void growing(unsigned round)
{
	char *area = case_map(PAGE);

	for (int pages = 1; pages < 20; pages++) {
		area[(pages - 1) * PAGE] = (char)(round + pages);
		area = mremap(area, pages * PAGE, (pages + 1) * PAGE, MREMAP_MAYMOVE);
		CASE_CHECK(area != MAP_FAILED, "mremap: %s", strerror(errno));
	}
	for (int i = 0; i < 19; i++)
		CASE_EQ(area[i * PAGE], (char)(round + i + 1));
	CASE_SYS(munmap(area, 20 * PAGE));
}

static void dropped(char *area, unsigned round)
{
	for (int i = 0; i < 16; i++)
		area[i * PAGE] = (char)(round + i + 1);
	CASE_SYS(madvise(area + 4 * PAGE, 8 * PAGE, MADV_DONTNEED));
	for (int i = 0; i < 16; i++)
		CASE_EQ(area[i * PAGE], i >= 4 && i < 12 ? 0 : (char)(round + i + 1));
}

int main(void)
{
	char *area = case_map(16 * PAGE);

	for (unsigned round = 0; round < 200 || !case_go(); round++) {
		heap(round);
		growing(round);
		dropped(area, round);
		if (round == 50)
			case_say_ready();
	}
	return case_pass();
}
