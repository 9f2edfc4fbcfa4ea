/* SPDX-License-Identifier: GPL-2.0-only */
/* Pages that were only read stay the shared zero page, or are not there; written zeros are zeros. */
#include "case.h"

#include <sys/mman.h>

#define NR 32

static unsigned long own_kb(volatile char *area)
{
	return strtoul(case_smaps((void *)area, "Anonymous"), NULL, 10);
}

int main(void)
{
	volatile char *area = case_map(NR * 4096);
	int sum = 0;

	CASE_SYS(madvise((void *)area, NR * 4096, MADV_NOHUGEPAGE));
	for (int i = 0; i < NR; i++)
		sum += area[i * 4096];
	area[0] = 0;
	if (own_kb(area) > 4)
		case_skip("this kernel has no zero page to read");
	case_ready();
	for (int i = 0; i < NR; i++)
		sum += area[i * 4096];
	CASE_EQ(sum, 0);
	CASE_CHECK(own_kb(area) <= 4, "%lu kB became memory of its own", own_kb(area));
	return case_pass();
}
