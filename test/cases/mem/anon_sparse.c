/* SPDX-License-Identifier: GPL-2.0-only */
/* A reservation of 8 GiB with two pages here and there, and one missing between them: only those are brought back. */
#include "case.h"

#include <sys/mman.h>

#define LEN (8UL << 30)
#define NR 100
#define STEP (LEN / NR)

static char *page(char *area, int place, int nr)
{
	return area + (place * STEP & ~4095UL) + nr * 4096L;
}

static void check(char *area, int place)
{
	case_check_fill(page(area, place, 0), 4096, place, "page");
	case_check_fill(page(area, place, 2), 4096, 1000 + place, "page behind a hole");
}

int main(void)
{
	char *area = mmap(NULL, LEN, PROT_READ | PROT_WRITE,
			  MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	unsigned long rss;

	CASE_CHECK(area != MAP_FAILED, "mmap: %s", strerror(errno));
	CASE_SYS(madvise(area, LEN, MADV_NOHUGEPAGE));
	for (int i = 0; i < NR; i++)
		case_fill(page(area, i, 0), 4096, i);
	for (int i = 0; i < NR; i++)
		case_fill(page(area, i, 2), 4096, 1000 + i);
	case_ready();
	for (int i = 0; i < NR; i++)
		check(area, i);
	rss = strtoul(case_smaps(area, "Rss"), NULL, 10);
	CASE_CHECK(rss <= NR * 8, "%lu kB are resident", rss);
	CASE_CHECK(case_vmflag(area, "nr"), "MAP_NORESERVE is gone");
	return case_pass();
}
