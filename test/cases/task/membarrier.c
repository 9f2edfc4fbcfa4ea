/* SPDX-License-Identifier: GPL-2.0-only */
/* Registrations for membarrier(): expedited barriers work without registering again. */
#include "case.h"

#include <linux/membarrier.h>
#include <sys/syscall.h>

int main(void)
{
	long known = CASE_SYS(syscall(SYS_membarrier, MEMBARRIER_CMD_QUERY, 0, 0));
	int wanted = MEMBARRIER_CMD_REGISTER_PRIVATE_EXPEDITED |
		     MEMBARRIER_CMD_REGISTER_GLOBAL_EXPEDITED;
	long before;

	if (known & MEMBARRIER_CMD_REGISTER_PRIVATE_EXPEDITED_SYNC_CORE)
		wanted |= MEMBARRIER_CMD_REGISTER_PRIVATE_EXPEDITED_SYNC_CORE;
	for (int bit = 1; bit <= wanted; bit <<= 1)
		if (wanted & bit)
			CASE_SYS(syscall(SYS_membarrier, bit, 0, 0));
	before = syscall(SYS_membarrier, 1 << 9 /* GET_REGISTRATIONS */, 0, 0);
	case_ready();
	CASE_SYS(syscall(SYS_membarrier, MEMBARRIER_CMD_PRIVATE_EXPEDITED, 0, 0));
	if (known & MEMBARRIER_CMD_REGISTER_PRIVATE_EXPEDITED_SYNC_CORE)
		CASE_SYS(syscall(SYS_membarrier, MEMBARRIER_CMD_PRIVATE_EXPEDITED_SYNC_CORE, 0, 0));
	CASE_EQ(syscall(SYS_membarrier, 1 << 9, 0, 0), before);
	return case_pass();
}
