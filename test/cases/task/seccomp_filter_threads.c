/* SPDX-License-Identifier: GPL-2.0-only */
/* One filter for all threads (TSYNC), and a different one in each of two threads. */
#include "case.h"

#include "filter.h"

static void *body(void *number)
{
	int own = number ? SYS_quotactl : SYS_mkdirat, other = number ? SYS_mkdirat : SYS_quotactl;

	if ((long)number < 2)
		filter_deny(own, 120 + (long)number, 0);
	case_here();
	case_wait_go();
	filter_check(SYS_sync_file_range, 112, "the filter of all threads");
	if ((long)number == 2)
		return NULL;
	filter_check(own, 120 + (long)number, "the thread's own filter");
	errno = 0;
	syscall(other, -1, -1, -1, -1);
	CASE_CHECK(errno != 121 - (long)number, "thread %ld has the filter of the other",
		   (long)number);
	return NULL;
}

static void *plain(void *number)
{
	case_here();
	case_wait_here(4);
	return body(number);
}

int main(void)
{
	case_threads(3, plain);
	case_wait_here(3);
	filter_deny(SYS_sync_file_range, 112, SECCOMP_FILTER_FLAG_TSYNC);
	case_here();
	case_wait_here(7);
	case_ready();
	filter_check(SYS_sync_file_range, 112, "the filter of all threads");
	case_threads_join();
	return case_pass();
}
