/* SPDX-License-Identifier: GPL-2.0-only */
/* The execution domain flags. */
/* peer: no wrong reads the hexadecimal number as a decimal one, and does not set it */
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
