/* SPDX-License-Identifier: GPL-2.0-only */
/* Memory that is not inherited by a child (MADV_DONTFORK). */
#include "case.h"

#include <sys/mman.h>

#define LEN (4 << 20)

static void child(void *area)
{
	CASE_CHECK(case_faults(area, NULL), "a new child has the area");
}

int main(void)
{
	char *area = case_map(LEN), *other = case_map(4096);
	pid_t pid;

	if (madvise(area, LEN, MADV_DONTFORK) < 0)
		case_skip("MADV_DONTFORK: %s", strerror(errno));
	case_fill(area, LEN, 21);
	*(volatile char *)other = 1;
	case_ready();
	case_check_fill(area, LEN, 21, "area");
	CASE_CHECK(case_vmflag(area, "dc"), "the advice is gone");
	CASE_CHECK(!case_vmflag(other, "dc"), "the advice is on another area");
	pid = case_fork(child, area);
	case_join(pid);
	return case_pass();
}
