/* SPDX-License-Identifier: GPL-2.0-only */
/* Memory that is empty in a child (MADV_WIPEONFORK). */
/* peer: no wrong forgets MADV_WIPEONFORK */
#include "case.h"

#include <sys/mman.h>

#define LEN (4 << 20)

static void child(void *area)
{
	CASE_EQ(*(char *)area, 0);
}

int main(void)
{
	char *area = case_map(LEN), *other = case_map(4096);
	pid_t pid;

	if (madvise(area, LEN, MADV_WIPEONFORK) < 0)
		case_skip("MADV_WIPEONFORK: %s", strerror(errno));
	case_fill(area, LEN, 21);
	*(volatile char *)other = 1;
	case_ready();
	case_check_fill(area, LEN, 21, "area");
	CASE_CHECK(case_vmflag(area, "wf"), "the advice is gone");
	CASE_CHECK(!case_vmflag(other, "wf"), "the advice is on another area");
	pid = case_fork(child, area);
	case_join(pid);
	return case_pass();
}
