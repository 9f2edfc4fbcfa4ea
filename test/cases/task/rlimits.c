/* SPDX-License-Identifier: GPL-2.0-only */
/* All resource limits, soft and hard. */
#include "case.h"

#include <sys/resource.h>

int main(void)
{
	struct rlimit before[RLIM_NLIMITS], now;

	for (int i = 0; i < RLIM_NLIMITS; i++) {
		CASE_SYS(getrlimit(i, &now));
		/* Lowering needs no right; values that let the case itself live. */
		if (now.rlim_max == RLIM_INFINITY)
			now.rlim_max = (1ULL << 40) + i * 4096;
		if (now.rlim_cur > now.rlim_max - i)
			now.rlim_cur = now.rlim_max - i;
		CASE_SYS(setrlimit(i, &now));
		before[i] = now;
	}
	case_ready();
	for (int i = 0; i < RLIM_NLIMITS; i++) {
		CASE_SYS(getrlimit(i, &now));
		CASE_EQ(now.rlim_cur, before[i].rlim_cur);
		CASE_EQ(now.rlim_max, before[i].rlim_max);
	}
	return case_pass();
}
