/* SPDX-License-Identifier: GPL-2.0-only */
/* A reservation of 8 GiB with a page here and there: only those are brought back. */
#include "case.h"

#include <sys/mman.h>

#define LEN (8UL << 30)
#define STEP (LEN / 100)

int main(void)
{
	char *area = mmap(NULL, LEN, PROT_READ | PROT_WRITE,
			  MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	unsigned long rss;

	CASE_CHECK(area != MAP_FAILED, "mmap: %s", strerror(errno));
	CASE_SYS(madvise(area, LEN, MADV_NOHUGEPAGE));
	for (int i = 0; i < 100; i++)
		case_fill(area + (i * STEP & ~4095UL), 4096, i);
	case_ready();
	for (int i = 0; i < 100; i++)
		case_check_fill(area + (i * STEP & ~4095UL), 4096, i, "page");
	rss = strtoul(case_smaps(area, "Rss"), NULL, 10);
	CASE_CHECK(rss <= 400, "%lu kB are resident", rss);
	CASE_CHECK(case_vmflag(area, "nr"), "MAP_NORESERVE is gone");
	return case_pass();
}
