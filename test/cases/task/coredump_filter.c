/* SPDX-License-Identifier: GPL-2.0-only */
/* Which areas a core file would hold. */
/* peer: no wrong does not save it */
#include "case.h"

int main(void)
{
	case_write_file("/proc/self/coredump_filter", "0x7f");
	case_ready();
	CASE_CHECK(!strncmp(case_read_file("/proc/self/coredump_filter"), "0000007f", 8),
		   "it became %s", case_read_file("/proc/self/coredump_filter"));
	return case_pass();
}
