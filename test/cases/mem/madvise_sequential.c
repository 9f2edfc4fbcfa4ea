/* SPDX-License-Identifier: GPL-2.0-only */
/* Memory that is read in order (MADV_SEQUENTIAL). */
#include "case.h"

#include <sys/mman.h>

#define LEN (4 << 20)

int main(void)
{
	char *area = case_map(LEN), *other = case_map(4096);

	if (madvise(area, LEN, MADV_SEQUENTIAL) < 0)
		case_skip("MADV_SEQUENTIAL: %s", strerror(errno));
	case_fill(area, LEN, 21);
	*(volatile char *)other = 1;
	case_ready();
	case_check_fill(area, LEN, 21, "area");
	CASE_CHECK(case_vmflag(area, "sr"), "the advice is gone");
	CASE_CHECK(!case_vmflag(other, "sr"), "the advice is on another area");
	return case_pass();
}
