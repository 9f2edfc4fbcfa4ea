/* SPDX-License-Identifier: GPL-2.0-only */
/* Memory that stays out of core files (MADV_DONTDUMP). */
#include "case.h"

#include <sys/mman.h>

#define LEN (4 << 20)

int main(void)
{
	char *area = case_map(LEN), *other = case_map(4096);

	if (madvise(area, LEN, MADV_DONTDUMP) < 0)
		case_skip("MADV_DONTDUMP: %s", strerror(errno));
	case_fill(area, LEN, 21);
	*(volatile char *)other = 1;
	case_ready();
	case_check_fill(area, LEN, 21, "area");
	CASE_CHECK(case_vmflag(area, "dd"), "the advice is gone");
	CASE_CHECK(!case_vmflag(other, "dd"), "the advice is on another area");
	return case_pass();
}
