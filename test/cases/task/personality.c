/* SPDX-License-Identifier: GPL-2.0-only */
/* The execution domain flags. */
/* peer: no-restore does not bring the personality back */
#include "case.h"

#include <sys/personality.h>

int main(void)
{
	int flags = ADDR_NO_RANDOMIZE | STICKY_TIMEOUTS | MMAP_PAGE_ZERO;

	CASE_SYS(personality(flags));
	case_ready();
	CASE_EQ(personality(0xffffffff), flags);
	return case_pass();
}
