/* SPDX-License-Identifier: GPL-2.0-only */
/* The auxiliary vector the kernel keeps, and the one on the stack. */
#include "case.h"

#include <sys/auxv.h>

int main(void)
{
	static char before[4096];
	unsigned long entry = getauxval(AT_ENTRY), vdso = getauxval(AT_SYSINFO_EHDR);

	memcpy(before, case_read_file("/proc/self/auxv"), sizeof(before));
	case_ready();
	CASE_CHECK(!memcmp(before, case_read_file("/proc/self/auxv"), 300),
		   "/proc/self/auxv differs");
	CASE_EQ(getauxval(AT_ENTRY), entry);
	CASE_EQ(getauxval(AT_SYSINFO_EHDR), vdso);
	CASE_CHECK(!memcmp((void *)vdso, "\177ELF", 4), "no vDSO at AT_SYSINFO_EHDR");
	return case_pass();
}
