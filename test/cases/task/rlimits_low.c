/* SPDX-License-Identifier: GPL-2.0-only */
/* Limits below what a restore itself would need: three descriptors, no new memory lock. */
/* peer: no-dump refuses needs to open a descriptor in the task beyond its limit */
/* whole: no descriptor for the tracker fits */
#include "case.h"

#include <sys/resource.h>

int main(void)
{
	static const int what[] = { RLIMIT_NOFILE, RLIMIT_MEMLOCK, RLIMIT_FSIZE, RLIMIT_STACK,
				    RLIMIT_CORE };
	struct rlimit low[] = { { 3, 10 },
				{ 0, 4096 },
				{ 1 << 20, 1 << 20 },
				{ 65536, 1 << 20 },
				{ 0, 0 } },
		      now;

	for (unsigned i = 0; i < CASE_NR(what); i++)
		CASE_SYS(setrlimit(what[i], &low[i]));
	case_ready();
	for (unsigned i = 0; i < CASE_NR(what); i++) {
		CASE_SYS(getrlimit(what[i], &now));
		CASE_EQ(now.rlim_cur, low[i].rlim_cur);
		CASE_EQ(now.rlim_max, low[i].rlim_max);
	}
	return case_pass();
}
